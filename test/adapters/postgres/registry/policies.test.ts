import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Scope } from "../../../../src/registry/scope.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { name, openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, policies, repositories, here, elsewhere, scopes, create, clock } = scene;

const APP = name("app");
const set = (scope: Scope, text: string) => policies.setOfRepository(scope, APP, text, CAUSE, clock.now());
const remove = (scope: Scope) => policies.deleteOfRepository(scope, APP, CAUSE, clock.now());
const setRegistry = (scope: Scope, text: string) => policies.setOfRegistry(scope, text, CAUSE, clock.now());
const removeRegistry = (scope: Scope) => policies.deleteOfRegistry(scope, CAUSE, clock.now());
const records = () => rowsOf({ database }, "SELECT 1 FROM audit_log");

describe("the policy of a repository", () => {
  beforeEach(async () => {
    for (const scope of scopes) await create(scope, "app");
  });

  test("is replaced, and gone with a last look", async () => {
    expect(await policies.ofRepository(here, APP)).toEqual({ text: undefined });
    expect(await set(here, "one")).toBe("set");
    expect(await set(here, "two")).toBe("set");
    expect(await policies.ofRepository(here, APP)).toEqual({ text: "two" });
    expect(await remove(here)).toEqual({ text: "two" });
    expect(await remove(here)).toEqual({ text: undefined });
    expect(await policies.ofRepository(here, APP)).toEqual({ text: undefined });
  });

  test("belongs to one account and region", async () => {
    for (const scope of scopes) await set(scope, `${scope.account} ${scope.region}`);
    for (const scope of scopes) {
      expect(await policies.ofRepository(scope, APP)).toEqual({ text: `${scope.account} ${scope.region}` });
    }
    await set(here, "changed");
    expect(await remove(here)).toEqual({ text: "changed" });
    for (const scope of elsewhere) {
      expect(await policies.ofRepository(scope, APP)).toEqual({ text: `${scope.account} ${scope.region}` });
    }
  });

  test("is that of one repository among many", async () => {
    await create(here, "other");
    await set(here, "mine");
    expect(await policies.ofRepository(here, name("other"))).toEqual({ text: undefined });
    await policies.deleteOfRepository(here, name("other"), CAUSE, clock.now());
    expect(await policies.ofRepository(here, APP)).toEqual({ text: "mine" });
  });

  test("goes with its repository, and comes back with none of that name", async () => {
    await set(here, "old");
    await repositories.delete(here, APP, { force: false, cause: CAUSE, at: clock.now() });
    expect(await policies.ofRepository(here, APP)).toBe("unknown");
    expect(await set(here, "new")).toBe("unknown");
    expect(await remove(here)).toBe("unknown");
    await create(here, "app");
    expect(await policies.ofRepository(here, APP)).toEqual({ text: undefined });
  });

  test("is on the record when it changes, and when it was set", async () => {
    const before = (await records()).length;
    await set(here, "one");
    expect(await rowsOf({ database }, "SELECT updated_at AS at FROM repository_policies")).toEqual([
      { at: clock.now() },
    ]);
    await remove(here);
    await remove(here);
    await policies.setOfRepository(here, name("zz"), "one", CAUSE, clock.now());
    expect(await records()).toHaveLength(before + 2);
  });
});

describe("the policy of a registry", () => {
  test("is replaced, and gone with a last look", async () => {
    expect(await policies.ofRegistry(here)).toBeUndefined();
    await setRegistry(here, "one");
    await setRegistry(here, "two");
    expect(await policies.ofRegistry(here)).toBe("two");
    expect(await removeRegistry(here)).toBe("two");
    expect(await removeRegistry(here)).toBeUndefined();
    expect(await policies.ofRegistry(here)).toBeUndefined();
    await setRegistry(here, "three");
    expect(await policies.ofRegistry(here)).toBe("three");
  });

  test("belongs to one account and region", async () => {
    for (const scope of scopes) await setRegistry(scope, `${scope.account} ${scope.region}`);
    for (const scope of scopes) {
      expect(await policies.ofRegistry(scope)).toBe(`${scope.account} ${scope.region}`);
    }
    expect(await removeRegistry(here)).toBe(`${here.account} ${here.region}`);
    for (const scope of elsewhere) {
      expect(await policies.ofRegistry(scope)).toBe(`${scope.account} ${scope.region}`);
    }
  });

  test("leaves its scope behind, and is on the record when it changes", async () => {
    await setRegistry(here, "one");
    await rowsOf({ database }, "UPDATE registry_policies SET scope = 'V1'");
    await removeRegistry(here);
    await removeRegistry(here);
    await setRegistry(here, "two");
    expect(
      await rowsOf({ database }, "SELECT scope, document, updated_at AS at FROM registry_policies"),
    ).toEqual([{ scope: "V1", document: "two", at: clock.now() }]);
    expect(await records()).toHaveLength(3);
  });
});
