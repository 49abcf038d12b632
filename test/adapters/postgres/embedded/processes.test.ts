import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  findServerProcesses,
  readPostmasterFile,
  signal,
  startTimeOf,
  stopOrphans,
} from "../../../../src/adapters/postgres/embedded/processes.ts";
import { lives, temporaryDataDir, until } from "../../../support/embedded.ts";

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;
let database: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await temporaryDataDir();
  database = join(directory.path, "database");
  await mkdir(database);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await directory[Symbol.asyncDispose]();
});

/** A shell under another name, which waits; it has said so once its script has come there. */
async function runAs(name: string, cwd: string, script = ""): Promise<number> {
  const program = join(directory.path, name);
  await copyFile("/bin/sh", program);
  const child = spawn(program, ["-c", `${script} echo ready; while :; do read line; done`], {
    ...{ cwd, stdio: ["pipe", "pipe", "ignore"] },
  });
  children.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return Number(child.pid);
}

const isGone = (pid: number) => until(`${pid} is gone`, async () => !(await lives(pid)));
const postmasterFile = (text: string) => writeFile(join(database, "postmaster.pid"), text);

describe("what a server says of itself", () => {
  test("is its process, port and folder, and whether it is ready", async () => {
    const lines = ["417", database, "1700000000", "5432", "/tmp/berth-abcdef", "", "  1 2", "ready   ", ""];
    await postmasterFile(lines.join("\n"));
    const said = { pid: 417, port: 5432, socketDir: "/tmp/berth-abcdef" };
    expect(await readPostmasterFile(database)).toEqual({ ...said, ready: true });
    await postmasterFile(lines.with(7, "starting").join("\n"));
    expect(await readPostmasterFile(database)).toEqual({ ...said, ready: false });
    await postmasterFile(lines.slice(0, 2).join("\n"));
    expect(await readPostmasterFile(database)).toEqual({ pid: 417, port: 0, socketDir: "", ready: false });
  });

  test.each(["", "\n", "0\n", "-3\n", "1.5\n", "x\n"])("is nothing yet in %j", async (text) => {
    await postmasterFile(text);
    expect(await readPostmasterFile(database)).toBeUndefined();
  });

  test("is nothing where there is no file, and a failure where it cannot be read", async () => {
    expect(await readPostmasterFile(database)).toBeUndefined();
    await mkdir(join(database, "postmaster.pid"));
    await expect(readPostmasterFile(database)).rejects.toThrow("EISDIR");
  });
});

test("the processes of a server are those of its programs that stand in its folder", async () => {
  const inside = await runAs("postgres", database);
  await runAs("other", database);
  await runAs("postgres-elsewhere", directory.path);
  expect(await findServerProcesses(database)).toEqual([inside]);
});

test("a process began when the system says, whatever it is called", async () => {
  const pid = await runAs("a) R 1", directory.path);
  const [, facts] = (await readFile(`/proc/${pid}/stat`, "utf8")).split(" (a) R 1) ");
  expect(await startTimeOf(pid)).toBe(facts?.split(" ")[19]);
});

describe("what a dead Berth left running", () => {
  /** The script of a process that a signal ends: it says so, and takes until the gate opens. */
  const endingBy = (name: string) =>
    `trap 'echo ${name} > asked; read line < gate; echo ${name} > ended; exit' ${name};`;

  /** Lets a process that was asked to end go on with it. */
  async function openGate(): Promise<void> {
    await until("it is asked", () =>
      stat(join(database, "asked")).then(
        () => true,
        () => false,
      ),
    );
    await writeFile(join(database, "gate"), "open\n");
  }

  beforeEach(() => execFileSync("mkfifo", [join(database, "gate")]));

  test("is asked to end by its first process, and has time for it", async () => {
    const pid = await runAs("postgres", database, endingBy("INT"));
    await postmasterFile(`${pid}\n`);
    const [stopped] = await Promise.all([stopOrphans(database), openGate()]);
    expect(stopped).toEqual([pid]);
    expect(await lives(pid)).toBe(false);
    expect(await readFile(join(database, "ended"), "utf8")).toBe("INT\n");
  });

  test("is ended at once where it has lost its first process, and has time for that", async () => {
    const pid = await runAs("postgres", database, `trap '' INT; ${endingBy("QUIT")}`);
    const [stopped] = await Promise.all([stopOrphans(database), openGate()]);
    expect(stopped).toEqual([pid]);
    expect(await readFile(join(database, "ended"), "utf8")).toBe("QUIT\n");
  });

  test("is killed where it does not listen", async () => {
    const pid = await runAs("postgres", database, "trap '' INT QUIT;");
    await postmasterFile(`${pid}\n`);
    let now = 0;
    vi.spyOn(Date, "now").mockImplementation(() => (now += 1_000));
    expect(await stopOrphans(database)).toEqual([pid]);
    await vi.waitFor(async () => expect(await lives(pid)).toBe(false));
  });

  test("is nothing where nothing runs, and no process that the file names by chance", async () => {
    const other = await runAs("other", database);
    await postmasterFile(`${other}\n`);
    expect(await stopOrphans(database)).toEqual([]);
    expect(await lives(other)).toBe(true);
  });
});

test("a process that is gone already can be signalled", async () => {
  const pid = await runAs("postgres", database);
  children[0]?.kill("SIGKILL");
  await isGone(pid);
  expect(() => signal(pid, "SIGTERM")).not.toThrow();
  expect(() => signal(pid, "SIGNONE" as NodeJS.Signals)).toThrow("SIGNONE");
});
