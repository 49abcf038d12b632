import { afterAll, expect, test } from "vitest";
import { postgresSigningKeys } from "../../../../src/adapters/postgres/iam/signing-keys.ts";
import { MasterKey } from "../../../../src/iam/master-key.ts";
import { SigningKeys } from "../../../../src/iam/tokens/signing-keys.ts";
import { startTestBerth } from "../../../support/berth.ts";
import { ManualClock } from "../../../support/clock.ts";
import { rowsOf } from "../../../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
const masterKey = new MasterKey(MasterKey.generate());
const clock = new ManualClock();
const NODES = 4;

/** Nodes that all read the keys, before any of them makes one. */
function nodesAtOnce(): readonly SigningKeys[] {
  const store = postgresSigningKeys(berth.database);
  let reading = 0;
  const all = Promise.withResolvers<void>();
  return Array.from({ length: NODES }, () => {
    const list: typeof store.list = async () => {
      const keys = await store.list();
      reading++;
      if (reading === NODES) all.resolve();
      await all.promise;
      return keys;
    };
    return new SigningKeys({ ...store, list }, masterKey, clock);
  });
}

const signing = () =>
  rowsOf<{ kid: string }>(berth, "SELECT kid FROM signing_keys WHERE retired_at IS NULL ORDER BY kid");

test.each(["first", "next"])("nodes that need their %s key at the same moment share one", async (which) => {
  await rowsOf(berth, "DELETE FROM signing_keys");
  if (which === "next") {
    await new SigningKeys(postgresSigningKeys(berth.database), masterKey, clock).signing();
    clock.advance(31 * 24 * 3_600_000);
  }
  const kids = await Promise.all(nodesAtOnce().map(async (node) => (await node.signing()).kid));
  expect(new Set(kids).size).toBe(1);
  expect(await signing()).toEqual([{ kid: kids[0] }]);
});
