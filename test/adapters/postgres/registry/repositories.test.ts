import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Repository } from "../../../../src/registry/ports/index.ts";
import { draftRepository } from "../../../../src/registry/repositories/create.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { ACCOUNTS, name, openScopes, REGIONS } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, repositories, here, elsewhere, scopes, create, clock } = scene;

const namesOf = (found: readonly Repository[]): readonly string[] => found.map((each) => each.name);
const removal = { force: false, cause: CAUSE, at: clock.now() };

describe("registries", () => {
  test("are one for each account and region", async () => {
    expect(new Set(scopes.map(({ id }) => id)).size).toBe(4);
    for (const scope of scopes) {
      expect(await scene.registries.find(scope)).toBe(scope.id);
      expect(await scene.registries.open(scope)).toBe(scope.id);
    }
  });

  test("that nobody has made are not found, and made when they are opened", async () => {
    const address = { account: ACCOUNTS[0], region: "ap-south-1" };
    expect(await scene.registries.find(address)).toBeUndefined();
    const opened = await scene.registries.open(address);
    expect(opened).toBeDefined();
    expect(await scene.registries.find(address)).toBe(opened);
  });

  test("are not made for an account that does not exist", async () => {
    const address = { account: "999999999999", region: REGIONS[0] };
    expect(await scene.registries.open(address)).toBeUndefined();
    expect(await scene.registries.find(address)).toBeUndefined();
  });
});

describe("a repository of one registry", () => {
  test("keeps everything that it was made with", async () => {
    const { tags, ...draft } = draftRepository({
      ...{ name: "app", sparse: true, scanOnPush: true },
      ...{ tagMutability: "IMMUTABLE_WITH_EXCLUSION", exclusionFilters: ["dev-*", "x"] },
      ...{ encryption: { type: "KMS_DSSE", kmsKey: "alias/mine" } },
      tags: [
        { key: "team", value: "a" },
        { key: "stage", value: "b" },
      ],
    });
    const { repository, created } = await repositories.create(here, { ...draft, tags }, CAUSE, clock.now());
    expect(created).toBe(true);
    expect(repository).toEqual({
      ...draft,
      id: expect.any(Number),
      registryId: here.id,
      createdAt: clock.now(),
    });
    expect(await repositories.find(here, name("app"))).toEqual(repository);
    const kept = await rowsOf(
      { database },
      "SELECT repository_id AS id, key, value FROM repository_resource_tags ORDER BY key",
    );
    expect(kept).toEqual([
      { id: repository.id, key: "stage", value: "b" },
      { id: repository.id, key: "team", value: "a" },
    ]);
  });

  test("is no repository of another account or region", async () => {
    const made = await create(here, "app");
    for (const scope of elsewhere) {
      expect(await repositories.find(scope, name("app"))).toBeUndefined();
      expect(await repositories.findAll(scope, [name("app")])).toEqual([]);
      expect(await repositories.page(scope, "", 10)).toEqual([]);
      expect(await repositories.listNames(scope, "", 10)).toEqual([]);
      expect(await repositories.change(scope, name("app"), { sparse: true }, CAUSE, clock.now())).toBe(
        undefined,
      );
      expect(await repositories.delete(scope, name("app"), { ...removal, force: true })).toBe("unknown");
    }
    expect(await repositories.find(here, name("app"))).toEqual(made);
  });

  test("has the same name as others, and is changed and deleted without them", async () => {
    const made = [];
    for (const scope of scopes) made.push(await create(scope, "app"));
    const [mine, ...others] = made;
    expect(new Set(made.map(({ id }) => id)).size).toBe(4);
    const changed = await repositories.change(here, name("app"), { sparse: true }, CAUSE, clock.now());
    expect(changed).toEqual({ ...mine, sparse: true });
    expect(await repositories.delete(here, name("app"), removal)).toEqual({ ...mine, sparse: true });
    expect(await repositories.find(here, name("app"))).toBeUndefined();
    for (const [at, scope] of elsewhere.entries()) {
      expect(await repositories.find(scope, name("app"))).toEqual(others[at]);
    }
  });

  test("is made once, and whoever comes second gets it as it is", async () => {
    const first = await create(here, "app", { sparse: true });
    const draft = draftRepository({ name: "app", tags: [{ key: "a", value: "b" }] });
    expect(await repositories.create(here, draft, CAUSE, clock.now())).toEqual({
      repository: first,
      created: false,
    });
    expect(await rowsOf({ database }, "SELECT 1 FROM repository_resource_tags")).toEqual([]);
    expect(await rowsOf({ database }, "SELECT action FROM audit_log")).toHaveLength(1);
  });

  test("moves its account's decisions on with its tags", async () => {
    const version = `SELECT policy_version AS version FROM accounts WHERE id = '${here.account}'`;
    const [before] = await rowsOf<{ version: number }>({ database }, version);
    await create(here, "plain");
    expect(await rowsOf({ database }, version)).toEqual([before]);
    await create(here, "tagged", { tags: [{ key: "a", value: "b" }] });
    const [after] = await rowsOf<{ version: number }>({ database }, version);
    expect(after?.version).toBeGreaterThan(before?.version ?? 0);
  });
});

describe("a deleted repository", () => {
  test("is gone for every look, and its name is free", async () => {
    const old = await create(here, "app", { tagMutability: "IMMUTABLE" });
    await repositories.delete(here, name("app"), removal);
    expect(await repositories.find(here, name("app"))).toBeUndefined();
    expect(await repositories.findAll(here, [name("app")])).toEqual([]);
    expect(await repositories.page(here, "", 10)).toEqual([]);
    expect(await repositories.listNames(here, "", 10)).toEqual([]);
    expect(
      await repositories.change(here, name("app"), { sparse: true }, CAUSE, clock.now()),
    ).toBeUndefined();
    expect(await repositories.delete(here, name("app"), removal)).toBe("unknown");
    const again = await create(here, "app");
    expect(again.id).not.toBe(old.id);
    expect(namesOf(await repositories.page(here, "", 10))).toEqual(["app"]);
    expect(await repositories.find(here, name("app"))).toMatchObject({ tagMutability: "MUTABLE" });
  });

  test("that holds a manifest stays, unless it is forced", async () => {
    const full = await create(here, "full");
    const empty = await create(here, "empty");
    await scene.fill(full);
    expect(await repositories.countManifests(full.id)).toBe(1);
    expect(await repositories.countManifests(empty.id)).toBe(0);
    expect(await repositories.delete(here, full.name, removal)).toBe("not empty");
    expect(await repositories.find(here, full.name)).toEqual(full);
    expect(await repositories.delete(here, empty.name, removal)).toEqual(empty);
    expect(await repositories.delete(here, full.name, { ...removal, force: true })).toEqual(full);
    expect(await repositories.find(here, full.name)).toBeUndefined();
  });

  test("keeps the time of its deletion", async () => {
    await create(here, "app");
    await repositories.delete(here, name("app"), removal);
    expect(await rowsOf({ database }, "SELECT deleted_at AS at FROM repositories")).toEqual([
      { at: clock.now() },
    ]);
  });
});

describe("lists", () => {
  const NAMES = ["a", "a-b", "a/b", "a0", "b"];

  test("are in byte order of the names, begin after one and end at the limit", async () => {
    for (const each of NAMES.toReversed()) await create(here, each);
    await create(elsewhere[0] ?? here, "a-a");
    expect(await repositories.listNames(here, "", 10)).toEqual(NAMES);
    expect(namesOf(await repositories.page(here, "", 10))).toEqual(NAMES);
    expect(await repositories.listNames(here, "a-b", 2)).toEqual(["a/b", "a0"]);
    expect(namesOf(await repositories.page(here, "a-b", 2))).toEqual(["a/b", "a0"]);
    expect(await repositories.listNames(here, "b", 2)).toEqual([]);
    expect(namesOf(await repositories.page(here, "b", 2))).toEqual([]);
  });

  test("of some names hold those that exist", async () => {
    for (const each of NAMES) await create(here, each);
    const found = await repositories.findAll(here, ["b", "zz", "a"].map(name));
    expect(namesOf(found).toSorted()).toEqual(["a", "b"]);
    expect(await repositories.findAll(here, [])).toEqual([]);
  });
});

describe("a discard", () => {
  test("takes back what nothing was put into, and nothing else", async () => {
    const unused = await scene.provide(here, "unused");
    const other = await scene.provide(elsewhere[0] ?? here, "unused");
    const made = await create(here, "made");
    const governed = await scene.provide(here, "governed");
    await scene.policies.setOfRepository(here, governed.name, "{}", CAUSE, clock.now());
    const uploading = await scene.provide(here, "uploading");
    await rowsOf(
      { database },
      `INSERT INTO uploads (id, repository_id, principal, algorithm, created_at, active_at)
        VALUES (gen_random_uuid(), ${uploading.id}, 'p', 'sha256', '2026-01-01', '2026-01-01')`,
    );
    for (const { id } of [unused, made, governed, uploading]) {
      await repositories.discard(id, CAUSE, clock.now());
    }
    expect(await repositories.listNames(here, "", 10)).toEqual(["governed", "made", "uploading"]);
    expect(await repositories.find(elsewhere[0] ?? here, other.name)).toEqual(other);
  });
});

describe("the log says", () => {
  const actions = (): Promise<readonly unknown[]> =>
    rowsOf({ database }, "SELECT action, detail FROM audit_log ORDER BY id");

  test("one record for each change, and none where nothing changes", async () => {
    await create(here, "app");
    await repositories.change(here, name("app"), { sparse: true }, CAUSE, clock.now());
    await repositories.change(here, name("app"), { sparse: true }, CAUSE, clock.now());
    await repositories.change(here, name("zz"), { sparse: true }, CAUSE, clock.now());
    await repositories.delete(here, name("zz"), removal);
    await repositories.delete(here, name("app"), removal);
    await repositories.delete(here, name("app"), removal);
    expect(await actions()).toHaveLength(3);
  });

  test("why a discarded repository went", async () => {
    const made = await scene.provide(here, "app");
    await repositories.discard(made.id, CAUSE, clock.now());
    await repositories.discard(made.id, CAUSE, clock.now());
    expect((await actions()).slice(1)).toEqual([
      { action: "ecr:DeleteRepository", detail: { because: "nothing was put there" } },
    ]);
  });
});
