import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { ResourceTags } from "../../../../src/registry/ports/index.ts";
import type { Scope } from "../../../../src/registry/scope.ts";
import { lockWaits } from "../../../support/barrier.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { name, openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, resourceTags, repositories, here, elsewhere, scopes, create, clock } = scene;

const APP = name("app");
const put = (tags: ResourceTags, scope: Scope = here, repository = APP) =>
  resourceTags.change(scope, repository, (before) => ({ ...before, ...tags }), CAUSE, clock.now());
const replace = (tags: ResourceTags) => resourceTags.change(here, APP, () => tags, CAUSE, clock.now());
const record = (): Promise<readonly unknown[]> =>
  rowsOf({ database }, "SELECT detail FROM audit_log ORDER BY id DESC LIMIT 1");

describe("tags", () => {
  test("are put, replaced and taken away, empty values too", async () => {
    await create(here, "app", { tags: [{ key: "team", value: "blue" }] });
    await put({ stage: "", owner: "a" });
    expect(await resourceTags.find(here, APP)).toEqual({ owner: "a", stage: "", team: "blue" });
    await replace({ team: "red", stage: "" });
    expect(await resourceTags.find(here, APP)).toEqual({ stage: "", team: "red" });
    await replace({});
    expect(await resourceTags.find(here, APP)).toEqual({});
  });

  test("are those of one repository of one account and region", async () => {
    for (const scope of scopes) await create(scope, "app");
    await create(here, "other");
    for (const scope of scopes) await put({ of: `${scope.account} ${scope.region}` }, scope);
    await put({ changed: "yes" });
    await replace({ changed: "yes" });
    for (const scope of elsewhere) {
      expect(await resourceTags.find(scope, APP)).toEqual({ of: `${scope.account} ${scope.region}` });
    }
    expect(await resourceTags.find(here, name("other"))).toEqual({});
  });

  test("of what is missing or deleted are none", async () => {
    expect(await resourceTags.find(here, APP)).toBeUndefined();
    expect(await put({ a: "b" })).toBe(false);
    await create(here, "app");
    await put({ a: "b" });
    await repositories.delete(here, APP, { force: false, cause: CAUSE, at: clock.now() });
    expect(await resourceTags.find(here, APP)).toBeUndefined();
    expect(await put({ a: "b" })).toBe(false);
    await create(here, "app");
    expect(await resourceTags.find(here, APP)).toEqual({});
  });

  test("that two change at once are what the second makes of the first's", async () => {
    await create(here, "app");
    const count = () =>
      resourceTags.change(here, APP, ({ n = "0" }) => ({ n: `${Number(n) + 1}` }), CAUSE, clock.now());
    let changes: readonly Promise<boolean>[] = [];
    await database.transaction(async (tx) => {
      await tx.query({ name: "test_hold", text: "SELECT FROM repositories FOR NO KEY UPDATE" }, []);
      changes = [count(), count()];
      await lockWaits({ database }, 2);
    });
    expect(await Promise.all(changes)).toEqual([true, true]);
    expect(await resourceTags.find(here, APP)).toEqual({ n: "2" });
  });

  test("keep a repository that a push has made", async () => {
    const made = await scene.provide(here, "app");
    await put({ a: "b" });
    await repositories.discard(made.id, CAUSE, clock.now());
    expect(await resourceTags.find(here, APP)).toEqual({ a: "b" });
  });
});

describe("a change is said", () => {
  const said = async (): Promise<number> => (await rowsOf({ database }, "SELECT 1 FROM audit_log")).length;

  test("with what it changes", async () => {
    await create(here, "app", { tags: [{ key: "team", value: "blue" }] });
    await replace({ team: "red" });
    const event = "SELECT kind, detail ->> 'repository' AS of, detail -> 'resourceTags' AS tags FROM outbox";
    expect(await record()).toEqual([{ detail: { resourceTags: { put: { team: "red" }, removed: [] } } }]);
    expect((await rowsOf({ database }, `${event} ORDER BY id DESC LIMIT 1`))[0]).toEqual({
      ...{ kind: "repository.change", of: "app", tags: { put: { team: "red" }, removed: [] } },
    });
    await replace({ stage: "a" });
    expect(await record()).toEqual([
      { detail: { resourceTags: { put: { stage: "a" }, removed: ["team"] } } },
    ]);
  });

  test("once, and not where nothing changes or the change is refused", async () => {
    await create(here, "app", { tags: [{ key: "team", value: "blue" }] });
    expect(await put({ team: "blue" })).toBe(true);
    const refused = resourceTags.change(
      here,
      APP,
      () => {
        throw new Error("no");
      },
      CAUSE,
      clock.now(),
    );
    await expect(refused).rejects.toThrow("no");
    expect(await said()).toBe(1);
    await put({ team: "red", more: "" });
    expect(await said()).toBe(2);
  });
});
