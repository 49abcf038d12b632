import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startEmbeddedPostgres } from "../../../../src/adapters/postgres/embedded/index.ts";
import { startDatabaseServer } from "../../../../src/composition/state.ts";
import { readConfig } from "../../../../src/config.ts";
import { query, temporaryDataDir } from "../../../support/embedded.ts";

const CHILD = fileURLToPath(new URL("../../../support/embedded.ts", import.meta.url));

/** Whether this process may change what a child sees of the file system. */
function mayMount(): boolean {
  try {
    execFileSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/dev/shm"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test.runIf(mayMount()).each([
  ["that nobody may write", "ro"],
  ["that is root's alone", "mode=700"],
  ["without room", "size=64k,mode=1777"],
])("it starts on a machine with a /dev/shm %s", async (_, options) => {
  await using directory = await temporaryDataDir();
  const script = `mount -t tmpfs -o ${options} none /dev/shm && exec "$0" "$@"`;
  const child = spawn("unshare", ["-m", "sh", "-c", script, process.execPath, CHILD, directory.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  await expect.poll(() => output, { timeout: 20_000 }).toContain("\n");
  const [shown] = await query(JSON.parse(output), "SHOW dynamic_shared_memory_type");
  expect(shown).toEqual({ dynamic_shared_memory_type: "mmap" });
  child.kill("SIGTERM");
  await once(child, "exit");
});

const SERVER = { uid: 65_534, gid: 65_533 };
const ASKING = `
  import { sharedMemoryType } from ${JSON.stringify(fileURLToPath(new URL("../../../../src/adapters/postgres/embedded/shared-memory.ts", import.meta.url)))};
  console.log(await sharedMemoryType(${JSON.stringify(SERVER)}));`;

test.runIf(mayMount()).each([
  ["its user's alone", "posix", `uid=${SERVER.uid},mode=300`],
  ["its group's alone", "posix", `gid=${SERVER.gid},mode=030`],
  ["everybody's", "posix", "mode=003"],
  ["everybody's but its user's", "mmap", `uid=${SERVER.uid},gid=${SERVER.gid},mode=077`],
  ["everybody's but its group's", "mmap", `gid=${SERVER.gid},mode=707`],
  ["everybody's to write but not to enter", "mmap", "mode=222"],
  ["everybody's, with eight mebibytes", "posix", "mode=777,size=8192k"],
  ["everybody's, with less", "mmap", "mode=777,size=8188k"],
])("a /dev/shm that is %s gives %s", (_, expected, options) => {
  const script = `mount -t tmpfs -o ${options} none /dev/shm && exec "$0" "$@"`;
  const node = [process.execPath, "--input-type=module", "-e", ASKING];
  expect(
    execFileSync("unshare", ["-m", "sh", "-c", script, ...node])
      .toString()
      .trim(),
  ).toBe(expected);
});

test("it takes as many connections as it is told, and at least what the processes of a node use", async () => {
  await using directory = await temporaryDataDir();
  const few = await startEmbeddedPostgres({
    ...{ dataDir: directory.path, connections: 23, onEvent: () => undefined },
  });
  expect(await query(few.connection, "SHOW max_connections")).toEqual([{ max_connections: "23" }]);
  await few.stop();
  const config = readConfig({ BERTH_DATA_DIR: directory.path, WEB_CONCURRENCY: "64" });
  const nothing = (): void => undefined;
  const log = { info: nothing, warn: nothing, error: nothing, flush: nothing, dropped: () => 0 };
  const many = await startDatabaseServer(config, "", log);
  const [shown] = await query<{ max_connections: string }>(many.connection.main, "SHOW max_connections");
  expect(Number(shown?.max_connections)).toBeGreaterThanOrEqual(64 * 9 + 3);
  await many.stop();
});
