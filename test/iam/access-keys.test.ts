import { describe, expect, test } from "vitest";
import {
  type AccessKey,
  type AccessKeyStore,
  administratorArn,
  type Bootstrap,
  type BootstrapOutcome,
  bootstrap,
  type Credentials,
  generateCredentials,
} from "../../src/iam/access-keys.ts";
import { MasterKey } from "../../src/iam/master-key.ts";

const ACCOUNT = "123456789012";
const AT = new Date("2030-01-01");
const masterKey = new MasterKey(Buffer.alloc(32, 1));
const CONFIGURED: Credentials = { accessKeyId: "AKIACONFIGURED123456", secretAccessKey: "configured-secret" };

/** Keys in memory; `events` tells what happened in which order. */
function start(existing: readonly AccessKey[] = []) {
  const keys = new Map(existing.map((key) => [key.id, { ...key, active: true }]));
  const events: string[] = [];
  const store: AccessKeyStore = {
    find: async (id) => keys.get(id),
    async createAccount(account, region) {
      events.push(`account ${account} ${region}`);
    },
    hasKey: async (account, principal) =>
      [...keys.values()].some((key) => key.account === account && key.principal === principal && key.active),
    async add(key) {
      if (keys.has(key.id)) return;
      events.push("add");
      keys.set(key.id, { ...key, active: true });
    },
    async reseal(id, sealed, from) {
      const key = keys.get(id);
      if (key?.sealed.masterKeyId === from) keys.set(id, { ...key, sealed });
    },
  };
  const run = (more: Partial<Bootstrap> = {}): Promise<BootstrapOutcome> =>
    bootstrap(
      store,
      masterKey,
      {
        ...{ account: ACCOUNT, region: "eu-north-1", administrator: undefined },
        keep: async ({ accessKeyId }) => void events.push(`keep ${accessKeyId}`),
        ...more,
      },
      AT,
    );
  return { keys, events, run };
}

describe("generated credentials", () => {
  test("have AWS's form and are others each time", () => {
    const made = Array.from({ length: 200 }, generateCredentials);
    for (const { accessKeyId, secretAccessKey } of made) {
      expect(accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
      expect(secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/);
    }
    expect(new Set(made.map(({ accessKeyId }) => accessKeyId)).size).toBe(200);
    expect(new Set(made.map(({ secretAccessKey }) => secretAccessKey)).size).toBe(200);
  });
});

describe("the first start", () => {
  test("makes the account, and a key that its owner has before it takes effect", async () => {
    const { keys, events, run } = start();
    const { generated: made } = await run();
    if (made === undefined) throw new Error("no key was made");
    expect(events).toEqual([`account ${ACCOUNT} eu-north-1`, `keep ${made.accessKeyId}`, "add"]);
    const key = keys.get(made.accessKeyId);
    expect(key).toMatchObject({ account: ACCOUNT, principal: administratorArn(ACCOUNT) });
    if (key !== undefined) expect(masterKey.open(key.sealed, key.id)).toBe(made.secretAccessKey);
  });

  test("that cannot hand the key over stores none", async () => {
    const { keys, run } = start();
    await expect(run({ keep: () => Promise.reject(new Error("read-only file system")) })).rejects.toThrow(
      "read-only file system",
    );
    expect(keys.size).toBe(0);
  });

  test("without a place for a key and without a configured one is refused, naming the variables", async () => {
    await expect(start().run({ keep: undefined })).rejects.toThrow(
      new Error(
        `the account ${ACCOUNT} has no administrator: set BERTH_ADMIN_ACCESS_KEY_ID and BERTH_ADMIN_SECRET_ACCESS_KEY`,
      ),
    );
  });
});

describe("a later start", () => {
  test("makes no second key", async () => {
    const { keys, run } = start();
    await run();
    const nothing = { generated: undefined, warning: undefined };
    expect(await run()).toEqual(nothing);
    expect(await run({ keep: undefined })).toEqual(nothing);
    expect(keys.size).toBe(1);
  });
});

describe("a configured administrator", () => {
  test("is stored and not shown again", async () => {
    const { keys, events, run } = start();
    expect(await run({ administrator: CONFIGURED })).toEqual({ generated: undefined, warning: undefined });
    expect(events).toEqual([`account ${ACCOUNT} eu-north-1`, "add"]);
    const key = keys.get(CONFIGURED.accessKeyId);
    if (key === undefined) throw new Error("no key was stored");
    expect(masterKey.open(key.sealed, key.id)).toBe(CONFIGURED.secretAccessKey);
  });

  test("whose secret is another than the stored one is refused by name, and nothing changes", async () => {
    const { keys, run } = start();
    await run({ administrator: CONFIGURED });
    const before = keys.get(CONFIGURED.accessKeyId);
    const other = { ...CONFIGURED, secretAccessKey: "another-secret-now" };
    const refused = await run({ administrator: other }).catch(String);
    expect(refused).toMatch(
      /BERTH_ADMIN_SECRET_ACCESS_KEY is not the secret of AKIACONFIGURED123456.*nothing was changed/,
    );
    expect(refused).not.toContain("another-secret-now");
    expect(keys.get(CONFIGURED.accessKeyId)).toBe(before);
  });

  test("is not written again by a later start", async () => {
    const { keys, events, run } = start();
    await run({ administrator: CONFIGURED });
    const before = keys.get(CONFIGURED.accessKeyId);
    await run({ administrator: CONFIGURED });
    expect(events.filter((event) => event === "add")).toHaveLength(1);
    expect(keys.get(CONFIGURED.accessKeyId)).toBe(before);
  });

  test("of another id beside a key that is active makes none, and says so", async () => {
    const { keys, run } = start();
    await run({ administrator: CONFIGURED });
    const other = { ...CONFIGURED, accessKeyId: "AKIAANOTHERONE123456" };
    expect((await run({ administrator: other })).warning).toMatch(
      /AKIAANOTHERONE123456, which does not exist/,
    );
    expect([...keys.keys()]).toEqual([CONFIGURED.accessKeyId]);
  });

  test("that was deactivated stays so, and the start says it", async () => {
    const { keys, run } = start();
    await run({ administrator: CONFIGURED });
    const key = keys.get(CONFIGURED.accessKeyId);
    if (key !== undefined) keys.set(key.id, { ...key, active: false });
    expect((await run({ administrator: CONFIGURED })).warning).toMatch(/is inactive, and stays so/);
    expect(keys.get(CONFIGURED.accessKeyId)?.active).toBe(false);
  });

  test("whose secret nobody can open any more is stored anew, and the start says it", async () => {
    const lost = new MasterKey(Buffer.alloc(32, 9));
    const { accessKeyId: id, secretAccessKey } = CONFIGURED;
    const principal = administratorArn(ACCOUNT);
    const { keys, run } = start([{ id, account: ACCOUNT, principal, sealed: lost.seal("x", id) }]);
    expect((await run({ administrator: CONFIGURED })).warning).toMatch(/under a lost master key/);
    const key = keys.get(id);
    expect(key && masterKey.open(key.sealed, id)).toBe(secretAccessKey);
  });

  test("of a user with another name by now starts all the same, and the start says it", async () => {
    const { accessKeyId: id, secretAccessKey } = CONFIGURED;
    const principal = `arn:aws:iam::${ACCOUNT}:user/renamed`;
    const { run } = start([{ id, account: ACCOUNT, principal, sealed: masterKey.seal(secretAccessKey, id) }]);
    expect((await run({ administrator: CONFIGURED })).warning).toContain(`belongs to ${principal}`);
  });

  test("whose id is another account's is refused by id, without the secret", async () => {
    const sealed = masterKey.seal("x", CONFIGURED.accessKeyId);
    const { run } = start([
      { id: CONFIGURED.accessKeyId, account: "999999999999", principal: "arn:other", sealed },
    ]);
    await expect(run({ administrator: CONFIGURED })).rejects.toThrow(
      new Error(
        `the access key ${CONFIGURED.accessKeyId} belongs to another account; configure another administrator key`,
      ),
    );
  });
});
