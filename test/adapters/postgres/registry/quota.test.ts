import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresRepositories } from "../../../../src/adapters/postgres/repositories.ts";
import { postgresTemplates } from "../../../../src/adapters/postgres/templates.ts";
import { draftRepository } from "../../../../src/registry/repositories/create.ts";
import { openForPush } from "../../../../src/registry/repositories/push-target.ts";
import type { Scope } from "../../../../src/registry/scope.ts";
import { lockWaits } from "../../../support/barrier.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { name, openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, here, elsewhere, clock } = scene;

const repositories = postgresRepositories(database, 2);
const make = (text: string, scope: Scope = here) =>
  repositories.create(
    scope,
    draftRepository({ name: text, tags: [{ key: "a", value: "b" }] }),
    CAUSE,
    clock.now(),
  );
const remove = (text: string) =>
  repositories.delete(here, name(text), { force: false, cause: CAUSE, at: clock.now() });
const names = () => repositories.listNames(here, "", 10);
const counted = async (): Promise<unknown> => {
  const text = `SELECT repositories AS counted FROM registries WHERE id = ${here.id}`;
  return (await rowsOf<{ counted: number }>({ database }, text))[0]?.counted;
};
const full = expect.objectContaining({
  reason: "REPOSITORIES_TOO_MANY",
  message: `The registry with id '${here.account}' already has the maximum number of 2 repositories`,
});

describe("a registry with room for two repositories", () => {
  test("takes two, and another one when one is gone", async () => {
    await make("a");
    await make("b");
    await expect(make("c")).rejects.toEqual(full);
    expect([await names(), await counted()]).toEqual([["a", "b"], 2]);
    await remove("a");
    expect(await counted()).toBe(1);
    await make("c");
    expect(await names()).toEqual(["b", "c"]);
  });

  test("says of one that is there that it is there", async () => {
    await make("a");
    await make("b");
    expect(await make("a")).toMatchObject({ created: false });
    expect(await counted()).toBe(2);
  });

  test("leaves room to every other registry", async () => {
    await make("a");
    await make("b");
    for (const scope of elsewhere) expect(await make("a", scope)).toMatchObject({ created: true });
  });

  test("takes no push that would make a third", async () => {
    await make("a");
    await make("b");
    const target = {
      scope: here,
      name: name("c"),
      mayCreate: async () => "allowed" as const,
      creation: CAUSE,
    };
    await expect(
      openForPush({ repositories, templates: postgresTemplates(database), clock }, target),
    ).rejects.toEqual(full);
  });

  test("counts none that a failed push takes back", async () => {
    const { id } = await scene.provide(here, "pushed");
    expect(await counted()).toBe(1);
    await repositories.discard(id, CAUSE, clock.now());
    expect(await counted()).toBe(0);
  });

  test("counts each of many that come at once, and none that is deleted already", async () => {
    const [other = here] = elsewhere;
    await rowsOf(
      { database },
      `INSERT INTO repositories (registry_id, name, created_at, deleted_at) VALUES
        (${here.id}, 'a', now(), NULL), (${other.id}, 'a', now(), NULL), (${here.id}, 'b', now(), NULL),
        (${here.id}, 'gone', now(), now())`,
    );
    expect(await counted()).toBe(2);
    await rowsOf({ database }, "DELETE FROM repositories WHERE name <> 'b'");
    expect(await counted()).toBe(1);
  });

  test("takes one of two that come at once for the last place", async () => {
    await make("a");
    let both: readonly Promise<unknown>[] = [];
    await database.transaction(async (tx) => {
      await tx.query({ name: "test_hold_registry", text: "SELECT FROM registries FOR NO KEY UPDATE" }, []);
      both = [make("b"), make("c")];
      for (const each of both) each.catch(() => undefined);
      await lockWaits({ database }, 2);
    });
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect([(await names()).length, await counted()]).toEqual([2, 2]);
  });

  test("makes and deletes beside each other without an end", async () => {
    const times = async (text: string): Promise<void> => {
      for (let at = 0; at < 10; at++) {
        await make(text);
        await remove(text);
      }
    };
    await Promise.all([times("a"), times("b")]);
    expect([await names(), await counted()]).toEqual([[], 0]);
  });
});

test("without a limit a registry takes any number", async () => {
  const unlimited = postgresRepositories(database);
  for (const text of ["a", "b", "c"]) {
    const made = await unlimited.create(here, draftRepository({ name: text }), CAUSE, clock.now());
    expect(made.created).toBe(true);
  }
});
