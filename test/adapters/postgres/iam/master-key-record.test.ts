import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresMasterKeyRecord } from "../../../../src/adapters/postgres/iam/index.ts";
import { postgresSealedSecrets } from "../../../../src/adapters/postgres/iam/master-key-rotation.ts";
import { openState } from "../../../../src/composition/state.ts";
import { MasterKey } from "../../../../src/iam/master-key.ts";
import { checkMasterKey, claimMasterKey, WrongMasterKeyError } from "../../../../src/iam/master-key-check.ts";
import { makeTestHome, openTestState, type TestHome } from "../../../support/berth.ts";
import { rowsOf } from "../../../support/rows.ts";

const nothing = (): void => undefined;
const log = { info: nothing, warn: nothing, error: nothing, flush: nothing, dropped: () => 0 };

let home: TestHome;
let state: Awaited<ReturnType<typeof openTestState>>;
beforeEach(async () => {
  home = await makeTestHome();
  state = await openTestState(home);
});
afterEach(async () => {
  await state.close();
  await home.remove();
});

const record = () => postgresMasterKeyRecord(state.database);
const stranger = () => new MasterKey(MasterKey.generate());

/** Everything that a start could have changed. */
const everything = () =>
  rowsOf(
    state,
    `SELECT id, encode(secret_ciphertext, 'hex') AS secret, master_key_id, active, (SELECT count(*) FROM master_key_check) AS checks
      FROM access_keys ORDER BY id`,
  );

describe("another master key than the database's", () => {
  test("is refused by name, before anything is written", async () => {
    await claimMasterKey(record(), state.masterKey);
    const before = await everything();
    const other = MasterKey.generate();
    const refused = await openState({ ...home.config, masterKey: other }, home.connection, log).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(WrongMasterKeyError);
    expect(String(refused)).toContain(state.masterKey.id);
    expect(String(refused)).toContain(new MasterKey(other).id);
    expect(String(refused)).toContain("BERTH_MASTER_KEY");
    expect(String(refused)).not.toContain(other.toString("base64"));
    expect(await everything()).toEqual(before);
  });

  test("is refused by the secrets of a database whose schema has no check value yet", async () => {
    await rowsOf(state, "DROP TABLE master_key_check");
    await expect(checkMasterKey(record(), stranger())).rejects.toThrow(WrongMasterKeyError);
    expect(await checkMasterKey(record(), state.masterKey)).toEqual([]);
  });

  test("is refused when it claims the database at the same moment as the first", async () => {
    await rowsOf(state, "DELETE FROM access_keys");
    const outcomes = await Promise.allSettled(
      [state.masterKey, stranger(), stranger(), stranger()].map((key) => claimMasterKey(record(), key)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("is refused when it only claims to be the database's", async () => {
    const forged = { ...stranger().seal("berth", "master key check"), masterKeyId: state.masterKey.id };
    await record().replace(forged);
    await expect(checkMasterKey(record(), state.masterKey)).rejects.toThrow(WrongMasterKeyError);
  });

  test("opens as a key that a rotation needs as well, and takes the database over in it", async () => {
    await claimMasterKey(record(), state.masterKey);
    const fresh = MasterKey.generate();
    const both = state.masterKey.sealingWith(fresh);
    await checkMasterKey(record(), both);
    await postgresSealedSecrets(state.database).adopt(both);
    await checkMasterKey(record(), both);
    await checkMasterKey(record(), new MasterKey(fresh));
    await expect(checkMasterKey(record(), state.masterKey)).rejects.toThrow(WrongMasterKeyError);
  });
});

test("a few secrets under a lost key do not shut the right one out, and are told", async () => {
  await rowsOf(
    state,
    `INSERT INTO access_keys (id, account_id, secret_ciphertext, master_key_id, created_at)
      SELECT 'AKIA' || master_key_id || each, account_id, secret_ciphertext, master_key_id, created_at
        FROM access_keys, generate_series(1, 2) AS each
      UNION ALL SELECT 'AKIALOST', account_id, secret_ciphertext, '0000000000000000', created_at FROM access_keys`,
  );
  expect(await checkMasterKey(record(), state.masterKey)).toEqual([
    { masterKeyId: "0000000000000000", secrets: 1 },
  ]);
  await claimMasterKey(record(), state.masterKey);
});

test("a database without a schema takes any key", async () => {
  await rowsOf(state, "DROP SCHEMA public CASCADE");
  await rowsOf(state, "CREATE SCHEMA public");
  expect(await checkMasterKey(record(), stranger())).toEqual([]);
});
