import { chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { addKeys, type KeysAccess } from "../../src/cli/keys.ts";
import { composeRegistryAccess, type RegistryAccess } from "../../src/composition/command.ts";
import { embeddedMasterKey, makeMasterKey } from "../../src/composition/data-directory.ts";
import { startNode } from "../../src/composition/node.ts";
import { openState, type State } from "../../src/composition/state.ts";
import { openStorage } from "../../src/composition/storage.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import { createAccessKey } from "../../src/iam/principals/access-keys.ts";
import { ADMINISTRATOR, basic, makeTestHome, openTestState, type TestHome } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { rowsOf } from "../support/rows.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const home = await makeTestHome();
const state = await openTestState(home);
const directory = await mkdtemp(join(tmpdir(), "berth-keys-"));
afterAll(async () => {
  await state.close();
  await home.remove();
  await rm(directory, { recursive: true });
});

const log = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  flush: () => undefined,
  dropped: () => 0,
};
let io = new CapturedIo();

const berth = (access: KeysAccess, ...argv: string[]): Promise<number> =>
  runBerth(io, ["keys", ...argv], (parent) => addKeys(parent, io, (work) => work(access), 10));

beforeEach(() => {
  io = new CapturedIo();
});

async function keyFile(name: string, key = MasterKey.generate()): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `${key.toString("base64")}\n`);
  return path;
}

const keyIn = async (path: string): Promise<Buffer> => Buffer.from(await readFile(path, "utf8"), "base64");

/** The key in a data directory; made when there is none. */
async function keyOf(dataDir: string): Promise<MasterKey> {
  if ((await embeddedMasterKey(dataDir)) === undefined) await makeMasterKey(dataDir);
  const key = await embeddedMasterKey(dataDir);
  if (key === undefined) throw new Error("no key was made");
  return key;
}

/** The number of secrets under each master key. */
const counts = async (access: RegistryAccess): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries((await access.secrets.countByKey()).map((each) => [each.masterKeyId, each.secrets]));

/** The same configuration with other keys. */
const withKeys = (config: Config, masterKey: Buffer, previousMasterKey?: Buffer): Config => ({
  ...config,
  masterKey,
  previousMasterKey,
});

interface Node {
  readonly state: State;
  readonly access: RegistryAccess;
  status(key: { accessKeyId: string; secretAccessKey: string }): Promise<number>;
  /** A token that this node signs, and whether another takes it. */
  stop(): Promise<void>;
}

/** A node with keys of its own on the database of `where`. */
async function startWith(config: Config, where: TestHome): Promise<Node> {
  const opened = await openState(config, where.connection, log);
  const node = await startNode(config, opened, await openStorage(config), log);
  return {
    state: opened,
    access: composeRegistryAccess(config, opened),
    async status({ accessKeyId, secretAccessKey }) {
      const headers = { authorization: basic(accessKeyId, secretAccessKey) };
      return (await fetch(`${node.url}/v2/`, { headers })).status;
    },
    stop: () => node.drain(),
  };
}

describe("rotate", () => {
  test("seals every secret under the new key, interrupted and continued, while nodes with both keys serve", async () => {
    const mine = await makeTestHome();
    const prepared = await openTestState(mine);
    const { config } = mine;
    const oldKey = config.masterKey ?? Buffer.alloc(0);
    const newKey = MasterKey.generate();
    const file = await keyFile("new-key", newKey);
    // What an operator does first: every node knows both keys.
    const before = await startWith(withKeys(config, oldKey, newKey), mine);
    const after = await startWith(withKeys(config, newKey, oldKey), mine);
    try {
      const others = [];
      for (let at = 0; at < 260; at++) {
        const id = String(700_000_000_000 + at);
        await before.access.accounts.create(
          { id, name: undefined },
          config.region,
          CAUSE,
          prepared.clock.now(),
        );
        const made = await before.access.identity.change(id, CAUSE, prepared.clock.now(), (change) =>
          createAccessKey(change, prepared.masterKey, undefined, prepared.clock.now()),
        );
        others.push(made);
      }
      await rowsOf(
        prepared,
        `INSERT INTO signing_keys (kid, public_jwk, private_ciphertext, master_key_id, created_at)
          VALUES ('k', '{}', $1, $2, now() - interval '1 day')`,
        [prepared.masterKey.seal("private", "k").ciphertext, prepared.masterKey.id],
      );
      const sealed = before.state.masterKey.seal("of a session", "ASIAEXAMPLEEXAMPLE00");
      await rowsOf(
        prepared,
        `INSERT INTO iam_sessions (access_key_id, account_id, kind, parent_key_id, secret_ciphertext, master_key_id,
            token_hash, issued_at, expires_at)
          VALUES ('ASIAEXAMPLEEXAMPLE00', $1, 'session-token', $2, $3, $4, $5, now(), now() + interval '1 hour')`,
        [
          ...[config.account, ADMINISTRATOR.accessKeyId, sealed.ciphertext, sealed.masterKeyId],
          Buffer.alloc(32),
        ],
      );
      const hook = prepared.masterKey.seal("whsec_", "wh_0");
      await rowsOf(
        prepared,
        `INSERT INTO webhooks (id, registry_id, url, detail_types, repository_prefix, secret_ciphertext, master_key_id,
            cursor_xid, cursor_id, cursor_skip, created_at)
          SELECT 'wh_0', min(id), 'https://hooks.example/', '{}', '', $1, $2, '0', 0, 0, now() FROM registries`,
        [hook.ciphertext, hook.masterKeyId],
      );
      const [first, last] = [others[0], others.at(-1)];
      if (first === undefined || last === undefined) throw new Error("no keys");
      const everybody = async (): Promise<readonly number[]> =>
        Promise.all([before, after].flatMap((node) => [first, last, ADMINISTRATOR].map(node.status)));
      const fine = Array.from({ length: 6 }, () => 200);
      expect(await everybody()).toEqual(fine);

      const command = composeRegistryAccess(config, prepared);
      const killed: KeysAccess = {
        ...command,
        secrets: { ...command.secrets, reseal: killedAfterOne(command.secrets.reseal) },
      };
      await expectFailure(io, berth(killed, "rotate", "--new-key-file", file), "killed");
      const old = new MasterKey(oldKey).id;
      const fresh = new MasterKey(newKey).id;
      expect(await counts(command)).toEqual({ [old]: 64, [fresh]: 200 });
      expect(await everybody()).toEqual(fine);

      expect(await berth(command, "rotate", "--new-key-file", file)).toBe(0);
      expect(io.out).toBe(`encrypted 64 secret(s) anew; all are under master key ${fresh}\n`);
      expect(await counts(command)).toEqual({ [fresh]: 264 });
      expect(await everybody()).toEqual(fine);

      // A node that knows the new key alone opens everything.
      const alone = await startWith(withKeys(config, newKey), mine);
      try {
        expect(await Promise.all([first, last, ADMINISTRATOR].map(alone.status))).toEqual([200, 200, 200]);
        const opened = await rowsOf<{ ciphertext: Buffer; masterKeyId: string }>(
          prepared,
          `SELECT private_ciphertext AS ciphertext, master_key_id AS "masterKeyId" FROM signing_keys WHERE kid = 'k'
            UNION ALL SELECT secret_ciphertext, master_key_id FROM iam_sessions
            UNION ALL SELECT secret_ciphertext, master_key_id FROM webhooks`,
        );
        const [signing, session, webhook] = opened;
        if (signing === undefined || session === undefined || webhook === undefined)
          throw new Error("no rows");
        expect(alone.state.masterKey.open(webhook, "wh_0")).toBe("whsec_");
        expect(alone.state.masterKey.open(signing, "k")).toBe("private");
        expect(alone.state.masterKey.open(session, "ASIAEXAMPLEEXAMPLE00")).toBe("of a session");
      } finally {
        await alone.stop();
      }
      // Once more there is nothing to do.
      io = new CapturedIo();
      expect(await berth(command, "rotate", "--new-key-file", file)).toBe(0);
      expect(io.out).toContain("encrypted 0 secret(s) anew");
    } finally {
      await Promise.all([before.stop(), after.stop()]);
      await prepared.close();
      await mine.remove();
    }
  });

  test("makes a key for --generate, readable by its owner alone", async () => {
    const file = join(directory, "generated");
    expect(await berth(composeRegistryAccess(home.config, state), "rotate", "--generate", file)).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const key = await keyIn(file);
    expect(key).toHaveLength(32);
    const id = new MasterKey(key).id;
    expect(io.out).toContain(id);
    expect(io.out).not.toContain(key.toString("base64"));
    expect(Object.keys(await counts(composeRegistryAccess(home.config, state)))).toEqual([id]);
  });

  test("refuses, and changes nothing, when a secret is under a key that nobody gave", async () => {
    const mine = await makeTestHome();
    const other = await openTestState(mine);
    const access = composeRegistryAccess(withKeys(mine.config, MasterKey.generate()), {
      ...other,
      masterKey: new MasterKey(MasterKey.generate()),
    });
    try {
      await expectFailure(
        io,
        berth(access, "rotate", "--new-key-file", await keyFile("stranger")),
        `1 secret(s) are encrypted under master key ${other.masterKey.id}, which is none of those given`,
      );
      expect(await counts(access)).toEqual({ [other.masterKey.id]: 1 });
    } finally {
      await other.close();
      await mine.remove();
    }
  });

  test("refuses to generate a key into a file that exists", async () => {
    const file = await keyFile("exists");
    const before = await readFile(file, "utf8");
    await expectFailure(
      io,
      berth(composeRegistryAccess(home.config, state), "rotate", "--generate", file),
      `${file} exists already; --new-key-file ${file} takes the key in it`,
    );
    expect(await readFile(file, "utf8")).toBe(before);
  });

  test("refuses a key file that is missing", async () => {
    const missing = join(directory, "missing");
    await expectFailure(
      io,
      berth(composeRegistryAccess(home.config, state), "rotate", "--new-key-file", missing),
      "the new key cannot be read: ENOENT",
    );
  });

  test("refuses a key of another length", async () => {
    const short = await keyFile("short", Buffer.alloc(31));
    await expectFailure(
      io,
      berth(composeRegistryAccess(home.config, state), "rotate", "--new-key-file", short),
      `${short} must hold 32 bytes in base64`,
    );
  });
});

describe("with the embedded key", () => {
  test("swaps the key file, and a server that runs follows", async () => {
    const mine = await makeTestHome();
    const config: Config = { ...mine.config, masterKey: undefined };
    const running = await keyOf(mine.dataDir);
    const first = running.id;
    const opened = {
      ...(await openTestState({ ...mine, config: { ...config, administrator: ADMINISTRATOR } })),
    };
    await rowsOf(opened, "UPDATE access_keys SET secret_ciphertext = $1, master_key_id = $2", [
      running.seal(ADMINISTRATOR.secretAccessKey, ADMINISTRATOR.accessKeyId).ciphertext,
      first,
    ]);
    const access = composeRegistryAccess(config, {
      ...opened,
      masterKey: await keyOf(mine.dataDir),
    });
    const file = await keyFile("embedded");
    const key = await keyIn(file);
    try {
      const killed: KeysAccess = {
        ...access,
        secrets: { ...access.secrets, reseal: () => Promise.reject(new Error("killed")) },
      };
      await expectFailure(io, berth(killed, "rotate", "--new-key-file", file), "killed");
      // In the middle both keys are there: for a server that runs, and for one that starts now.
      const sealed = running.seal("made meanwhile", "AKIAMEANWHILE");
      expect(sealed.masterKeyId).toBe(new MasterKey(key).id);
      const started = await keyOf(mine.dataDir);
      expect(started.open(sealed, "AKIAMEANWHILE")).toBe("made meanwhile");
      expect(started.knows(first)).toBe(true);

      expect(await berth(access, "rotate", "--new-key-file", file)).toBe(0);
      expect(await readdir(mine.dataDir)).not.toContain("master-key.previous");
      expect(await keyIn(join(mine.dataDir, "master-key"))).toEqual(key);
      expect((await stat(join(mine.dataDir, "master-key"))).mode & 0o777).toBe(0o600);
      const [row] = await rowsOf<{ ciphertext: Buffer; masterKeyId: string }>(
        opened,
        'SELECT secret_ciphertext AS ciphertext, master_key_id AS "masterKeyId" FROM access_keys',
      );
      if (row === undefined) throw new Error("no row");
      for (const each of [running, await keyOf(mine.dataDir), new MasterKey(key)]) {
        expect(each.open(row, ADMINISTRATOR.accessKeyId)).toBe(ADMINISTRATOR.secretAccessKey);
      }
    } finally {
      await opened.close();
      await mine.remove();
    }
  });

  test.runIf(process.getuid?.() === 0)("refuses to write what the server could not read", async () => {
    const dataDir = await mkdtemp(join(directory, "data-"));
    const { id } = await keyOf(dataDir);
    await chown(join(dataDir, "master-key"), 12_345, 12_345);
    const config = { ...home.config, masterKey: undefined, dataDir };
    const access: KeysAccess = {
      ...composeRegistryAccess(config, state),
      secrets: { adopt: async () => undefined, countByKey: async () => [], reseal: async () => 0 },
    };
    await expectFailure(
      io,
      berth(access, "rotate", "--new-key-file", await keyFile("foreign")),
      "belongs to the user with id 12345: run this as that user",
    );
    expect((await keyOf(dataDir)).id).toBe(id);
  });

  test("an interrupted rotation to one key and a whole one to another lose nothing", async () => {
    const dataDir = await mkdtemp(join(directory, "data-"));
    const zero = (await keyOf(dataDir)).seal("of the first key", "a");
    const keyFiles = composeRegistryAccess({ ...home.config, masterKey: undefined, dataDir }, state).keyFiles;
    await keyFiles?.replace(MasterKey.generate());
    await keyFiles?.replace(MasterKey.generate());
    expect((await keyOf(dataDir)).open(zero, "a")).toBe("of the first key");
  });
});

test("a second master key is a setting", () => {
  const [one, two] = [MasterKey.generate(), MasterKey.generate()];
  const config = readConfig({
    BERTH_MASTER_KEY: one.toString("base64"),
    BERTH_PREVIOUS_MASTER_KEY: two.toString("base64"),
  });
  expect([config.masterKey, config.previousMasterKey]).toEqual([one, two]);
});

test("a second master key without a first is a mistake", () => {
  const key = MasterKey.generate().toString("base64");
  expect(() => readConfig({ BERTH_PREVIOUS_MASTER_KEY: key })).toThrow(
    "BERTH_MASTER_KEY is required with BERTH_PREVIOUS_MASTER_KEY",
  );
});

describe("wrong usage ends with 2 and says how", () => {
  test.each([
    ["an unknown verb", ["list"], "unknown command 'list'"],
    ["no key", ["rotate"], "rotate needs --new-key-file or --generate"],
    ["two keys", ["rotate", "--new-key-file", "a", "--generate", "b"], "cannot be used with option"],
    ["too many arguments", ["rotate", "now", "--generate", "b"], "too many arguments for 'rotate'"],
    ["an unknown option", ["rotate", "--shiny"], "--shiny"],
    ["an option without its value", ["rotate", "--generate"], "--generate"],
  ])("%s", async (_, argv, says) => {
    expect(await berth(composeRegistryAccess(home.config, state), ...argv)).toBe(2);
    expect(io.errors).toContain(says);
    expect(io.errors).toMatch(/^See: berth keys.* --help$/m);
    expect(io.out).toBe("");
  });

  test("no verb at all", async () => {
    expect(await berth(composeRegistryAccess(home.config, state))).toBe(2);
  });

  test("--help is no mistake", async () => {
    expect(await berth(composeRegistryAccess(home.config, state), "--help")).toBe(0);
    expect(io.out).toContain("rotate [options]");
  });
});

/** As SIGKILL would end it: each batch is a transaction, and the second never comes. */
function killedAfterOne(reseal: KeysAccess["secrets"]["reseal"]): KeysAccess["secrets"]["reseal"] {
  let batches = 0;
  return (...batch) => (batches++ === 0 ? reseal(...batch) : Promise.reject(new Error("killed")));
}
