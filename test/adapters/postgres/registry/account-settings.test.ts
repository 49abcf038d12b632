import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresAccountSettings } from "../../../../src/adapters/postgres/account-settings.ts";
import { postgresBlobs } from "../../../../src/adapters/postgres/blobs.ts";
import type { ConfirmedLinks } from "../../../../src/adapters/postgres/confirmed-links.ts";
import type { AccountSettings } from "../../../../src/registry/ports/index.ts";
import { lockWaits } from "../../../support/barrier.ts";
import { CAUSE } from "../../../support/cause.ts";
import { digestOfText } from "../../../support/manifests.ts";
import { rowsOf } from "../../../support/rows.ts";
import { openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, policies, here, elsewhere, create, clock } = scene;

const settings = postgresAccountSettings(database);
const put = <Name extends keyof AccountSettings>(name: Name, value: AccountSettings[Name], scope = here) =>
  settings.put(scope, name, value, CAUSE, clock.now());
const USUAL: AccountSettings = {
  ...{ BASIC_SCAN_TYPE_VERSION: "AWS_NATIVE", BLOB_MOUNTING: "ENABLED", REGISTRY_POLICY_SCOPE: "V2" },
};

test("settings are those of one registry", async () => {
  for (const scope of elsewhere) await policies.setOfRegistry(scope, "{}", CAUSE, clock.now());
  await put("BASIC_SCAN_TYPE_VERSION", "CLAIR");
  await put("BLOB_MOUNTING", "DISABLED");
  await put("REGISTRY_POLICY_SCOPE", "V1");
  expect(await settings.find(here)).toEqual({
    ...{ BASIC_SCAN_TYPE_VERSION: "CLAIR", BLOB_MOUNTING: "DISABLED", REGISTRY_POLICY_SCOPE: "V1" },
  });
  for (const scope of elsewhere) expect(await settings.find(scope)).toEqual(USUAL);
  for (const scope of elsewhere) await put("REGISTRY_POLICY_SCOPE", "V1", scope);
  await put("REGISTRY_POLICY_SCOPE", "V2");
  for (const scope of elsewhere) {
    expect(await settings.find(scope)).toEqual({ ...USUAL, REGISTRY_POLICY_SCOPE: "V1" });
  }
});

const WRITERS = `SELECT 1 FROM pg_locks
  WHERE relation = 'registry_policies'::regclass AND mode = 'RowExclusiveLock'`;

describe("the scope of a registry's policy", () => {
  test("moves its account's decisions on", async () => {
    const version = async (): Promise<number> => {
      const text = `SELECT policy_version AS version FROM accounts WHERE id = '${here.account}'`;
      return (await rowsOf<{ version: number }>({ database }, text))[0]?.version ?? 0;
    };
    const before = await version();
    await put("REGISTRY_POLICY_SCOPE", "V1");
    const between = await version();
    await put("REGISTRY_POLICY_SCOPE", "V2");
    expect([between > before, (await version()) > between]).toEqual([true, true]);
  });

  test.each([
    ["the text", "the scope"],
    ["the scope", "the text"],
  ])("and its text come through when %s is there before %s", async (first) => {
    const text = () => policies.setOfRegistry(here, "{}", CAUSE, clock.now());
    const scope = () => put("REGISTRY_POLICY_SCOPE", "V1");
    let changes: readonly Promise<unknown>[] = [];
    await database.transaction(async (tx) => {
      await tx.query({ name: "test_hold_account", text: "SELECT FROM accounts FOR NO KEY UPDATE" }, []);
      changes = (first === "the text" ? [text, scope] : [scope, text]).map((change) => change());
      await lockWaits({ database }, 2);
      // Whoever had written before the account was theirs would wait for the other, and the other for them.
      expect(await rowsOf({ database }, WRITERS)).toEqual([]);
    });
    await Promise.all(changes);
    expect(await settings.find(here)).toMatchObject({ REGISTRY_POLICY_SCOPE: "V1" });
    expect(await policies.ofRegistry(here)).toBe("{}");
  });
});

test("without mounts no repository has what others might take", async () => {
  const blobs = postgresBlobs(database, {} as ConfirmedLinks);
  const { id } = await create(here, "source");
  const gone = await create(here, "gone");
  await create(here, "without");
  const digest = digestOfText("content");
  await rowsOf(
    { database },
    `WITH made AS (INSERT INTO blobs (registry_id, digest, size, created_at)
        VALUES (${here.id}, '\\x01${digest.slice("sha256:".length)}', 7, now()) RETURNING id)
      INSERT INTO repository_blobs (repository_id, blob_id, linked_at) SELECT unnest(ARRAY[${id}, ${gone.id}]), id, now() FROM made`,
  );
  await rowsOf({ database }, `UPDATE repositories SET deleted_at = now() WHERE id = ${gone.id}`);
  expect(await blobs.findRepositories(here, digest, 8)).toEqual(["source"]);
  await put("BLOB_MOUNTING", "DISABLED");
  expect(await blobs.findRepositories(here, digest, 8)).toEqual([]);
});
