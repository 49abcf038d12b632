import { afterAll, expect, test } from "vitest";
import type { Database } from "../../../src/adapters/postgres/database.ts";
import { startTestBerth } from "../../support/berth.ts";
import { exchange, expectAnswer } from "../../support/exchange.ts";
import { imageOf, pushImage, pushManifest } from "../../support/push.ts";
import { hexOf, rowsOf } from "../../support/rows.ts";

/** Statements within transactions, by name. */
const statements: string[] = [];

function counting(database: Database): Database {
  return {
    ...database,
    transaction: (work) =>
      database.transaction((tx) =>
        work({
          ...tx,
          query(statement, values) {
            statements.push(statement.name);
            return tx.query(statement, values);
          },
        }),
      ),
  };
}

const berth = await startTestBerth({ wrapDatabase: counting });
afterAll(() => berth.stop());

const NAME = "lib/tagged";

async function remove(reference: string): Promise<readonly string[]> {
  statements.length = 0;
  const answer = await exchange(berth, { method: "DELETE", path: `/v2/${NAME}/manifests/${reference}` });
  expectAnswer(answer, { status: 202 });
  return statements.filter((name) => name.startsWith("manifest") || name.startsWith("tag"));
}

const historyOf = (digest: string) =>
  rowsOf<{ name: string; removed: string }>(
    berth,
    `SELECT h.name, count(*) FILTER (WHERE later.digest IS NULL) AS removed FROM tag_history h
      JOIN tag_history later ON later.repository_id = h.repository_id AND later.name = h.name AND later.revision > h.revision
      WHERE encode(h.digest, 'hex') = $1 GROUP BY h.name ORDER BY h.name`,
    [hexOf(digest)],
  );

test("a manifest of many tags goes by as many statements as one of a single tag, and its tags' history says so", async () => {
  await pushImage(berth, NAME, "single", "single");
  const few = await remove(imageOf("single").digest);
  const manifest = await pushImage(berth, NAME, undefined, "many");
  const tags = Array.from({ length: 96 }, (_, at) => `t${String(at).padStart(2, "0")}`);
  for (let at = 0; at < tags.length; at += 32) {
    const query = tags.slice(at, at + 32).map((tag) => `tag=${tag}`);
    await pushManifest(berth, NAME, manifest, `${manifest.digest}?${query.join("&")}`);
  }
  expect(await remove(manifest.digest)).toEqual(few);
  expect(await historyOf(manifest.digest)).toEqual(tags.map((name) => ({ name, removed: 1 })));
});

test("a tag that is removed alone is in the history as well", async () => {
  const manifest = await pushImage(berth, NAME, "alone", "alone");
  await remove("alone");
  expect(await historyOf(manifest.digest)).toEqual([{ name: "alone", removed: 1 }]);
});
