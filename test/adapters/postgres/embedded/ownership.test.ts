import { execFileSync } from "node:child_process";
import { chown, link, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holderFile } from "../../../../src/adapters/postgres/embedded/holder.ts";
import { lives, query, start, startInChild, temporaryDataDir, until } from "../../../support/embedded.ts";

const NOBODY = 65_534;

let directory: Awaited<ReturnType<typeof temporaryDataDir>>;

beforeAll(async () => {
  directory = await temporaryDataDir();
  await (await start(directory.path)).stop();
});
afterAll(() => directory[Symbol.asyncDispose]());

/** Ids of all owners of a folder and everything in it. */
async function ownersIn(folder: string): Promise<ReadonlySet<number>> {
  const names = await readdir(folder, { recursive: true });
  return new Set(await Promise.all(["", ...names].map(async (name) => (await stat(join(folder, name))).uid)));
}

async function ownAccount(): Promise<number> {
  const users = await readFile("/etc/passwd", "utf8");
  return Number(/^berth:[^:]*:(\d+):/m.exec(users)?.[1]);
}

describe.runIf(process.getuid?.() === 0)("the database of a Berth that root starts", () => {
  const database = () => join(directory.path, "postgres");

  test("belongs to an account that no other service has, and so does the folder of its socket", async () => {
    await using server = await start(directory.path);
    const own = await ownAccount();
    expect(own).not.toBe(NOBODY);
    expect(await ownersIn(database())).toEqual(new Set([own]));
    const folder = await stat(String(server.connection.host));
    expect([folder.uid, folder.mode & 0o777]).toEqual([own, 0o700]);
    expect(server.events).toEqual([]);
  });

  test("is handed over to that account when nobody had it", async () => {
    execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, database()]);
    await using server = await start(directory.path);
    expect(server.events).toEqual(["the database was handed over to an account of its own"]);
    expect(await ownersIn(database())).toEqual(new Set([await ownAccount()]));
    expect(await query(server.connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("takes nothing with it that its former owner has laid in its way", async () => {
    const outside = join(directory.path, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "file"), "root's");
    await link(join(outside, "file"), join(database(), "linked"));
    execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, database()]);
    await chown(join(outside, "file"), NOBODY, NOBODY);
    await expect(start(directory.path)).rejects.toThrow(/linked is nothing that a database has/);
    expect((await stat(join(outside, "file"))).uid).toBe(NOBODY);
    execFileSync("rm", [join(database(), "linked")]);

    await symlink(outside, join(database(), "led-away"));
    await (await start(directory.path)).stop();
    expect([(await stat(outside)).uid, (await stat(join(outside, "file"))).uid]).toEqual([0, NOBODY]);
    execFileSync("rm", [join(database(), "led-away")]);
  });

  /** Runs a command where no user can be made, and none is called like the database's. */
  const WITHOUT_USER = [
    ...["unshare", "--mount", "sh", "-c"],
    `d=$(mktemp -d) && grep -v ^berth: /etc/passwd > $d/passwd && mount --bind $d/passwd /etc/passwd &&
      mount --bind /bin/false "$(command -v useradd)" && exec "$@"`,
    "sh",
  ];

  test("belongs to an id that no process has, where no user can be made", async () => {
    await using fresh = await temporaryDataDir();
    await using inherited = await temporaryDataDir();
    execFileSync("cp", ["-a", `${directory.path}/.`, inherited.path]);
    execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, join(inherited.path, "postgres")]);
    const named = new Set(
      (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => Number(line.split(":")[2])),
    );
    for (const { path } of [fresh, inherited]) {
      const { child, connection, errors } = await startInChild(path, undefined, WITHOUT_USER);
      try {
        expect(await query(connection, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
        const { uid, mode } = await stat(String(connection.host));
        expect([named.has(uid), mode & 0o777]).toEqual([false, 0o700]);
        expect(await ownersIn(join(path, "postgres"))).toEqual(new Set([uid]));
        expect(errors()).toMatch(
          `the database runs as user id ${uid}, which has no name, because no user berth`,
        );
      } finally {
        child.kill("SIGKILL");
        await until("the child is gone", async () => !(await lives(Number(child.pid))));
      }
      const { uid } = await stat(join(path, "postgres"));
      await (await start(path)).stop();
      expect(await ownersIn(join(path, "postgres"))).toEqual(new Set([uid]));
    }
  });

  test("stays whose it is when nobody started Berth himself", async () => {
    await using mine = await temporaryDataDir(NOBODY);
    const { child } = await startInChild(mine.path, NOBODY);
    child.kill("SIGKILL");
    await until("the child is gone", async () => !(await lives(Number(child.pid))));
    await (await start(mine.path)).stop();
    expect(await ownersIn(join(mine.path, "postgres"))).toEqual(new Set([NOBODY]));
  });
});

test("what the holder's file says is shown only where it is what it should be", async () => {
  const { child } = await startInChild(directory.path);
  try {
    await writeFile(holderFile(directory.path), JSON.stringify({ pid: "x", url: "\u001b[2J evil \n" }));
    await expect(start(directory.path)).rejects.toThrow(
      `the data directory ${directory.path} is in use by another Berth, perhaps of another container; stop it`,
    );
  } finally {
    child.kill("SIGKILL");
    await until("the child is gone", async () => !(await lives(Number(child.pid))));
  }
});
