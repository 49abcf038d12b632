import { cp, mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { postgresSchema } from "../../../src/adapters/postgres/schema.ts";
import { withRegistry } from "../../../src/composition/command.ts";
import { watchSchema } from "../../../src/composition/schema-watch.ts";
import { readConfig } from "../../../src/config.ts";
import { makeTestHome, openTestState, type TestHome } from "../../support/berth.ts";
import { rowsOf } from "../../support/rows.ts";

const MIGRATIONS = fileURLToPath(new URL("../../../migrations", import.meta.url));

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

const schema = (directory = MIGRATIONS) => postgresSchema(state.database, directory);

/** A newer Berth was here. */
const moveOn = (compatibleWith: number) =>
  rowsOf(
    state,
    "INSERT INTO schema_migrations (number, name, checksum, compatible_with) VALUES (9000, '9000_next.sql', 'x', $1)",
    [compatibleWith],
  );

describe("the schema of the database", () => {
  test("is taken when it is the program's", async () => {
    await schema().requireCurrent();
  });

  test("is refused by a command when it is older, which changes nothing and says what to run", async () => {
    const directory = await mkdtemp(join(tmpdir(), "berth-migrations-"));
    await cp(MIGRATIONS, directory, { recursive: true });
    await writeFile(join(directory, "9000_next.sql"), "SELECT 1;");
    await expect(schema(directory).requireCurrent()).rejects.toThrow(
      /has schema \d+, and this Berth works on schema 9000: `berth migrate`/,
    );
    await schema(directory).refuseNewer();
    await rm(directory, { recursive: true });
  });

  test("is refused by a command when there is none", async () => {
    await rowsOf(state, "DROP TABLE schema_migrations");
    await expect(schema().requireCurrent()).rejects.toThrow(/has no schema of Berth.*`berth migrate`/);
  });

  test("is taken when it is newer and says that this program can run beside it", async () => {
    await moveOn(1);
    await schema().requireCurrent();
    await schema().refuseNewer();
  });

  test("is refused when it is newer and needs newer programs, by a node that runs as well", async () => {
    await moveOn(9000);
    const refusal = /has schema 9000 \(9000_next.sql\), which needs a Berth of schema 9000 or newer/;
    await expect(schema().requireCurrent()).rejects.toThrow(refusal);
    const reason = await new Promise<string>((resolve) => {
      const watch = watchSchema(schema(), (told) => void watch.stop().then(() => resolve(told)));
    });
    expect(reason).toMatch(refusal);
  });
});

test("a command in a folder without a Berth makes nothing, and says where to look", async () => {
  const directory = await mkdtemp(join(tmpdir(), "berth-nothing-"));
  const dataDir = join(directory, "data");
  await expect(withRegistry(readConfig({ BERTH_DATA_DIR: dataDir }), async () => undefined)).rejects.toThrow(
    `there is no Berth in ${dataDir}: run this where you run`,
  );
  await rmdir(directory);
});
