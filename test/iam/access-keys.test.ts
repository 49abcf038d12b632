import { describe, expect, test } from "vitest";
import {
  type AccessKey,
  type AccessKeyStore,
  administratorArn,
  type Bootstrap,
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
  const keys = new Map(existing.map((key) => [key.id, key]));
  const events: string[] = [];
  const store: AccessKeyStore = {
    find: async (id) => keys.get(id),
    async createAccount(account, region) {
      events.push(`account ${account} ${region}`);
    },
    hasKey: async (account, principal) =>
      [...keys.values()].some((key) => key.account === account && key.principal === principal),
    async put(key) {
      const held = keys.get(key.id);
      if (held !== undefined && held.principal !== key.principal) return false;
      events.push("put");
      keys.set(key.id, key);
      return true;
    },
  };
  const run = (more: Partial<Bootstrap> = {}): Promise<Credentials | undefined> =>
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
    const made = await run();
    if (made === undefined) throw new Error("no key was made");
    expect(events).toEqual([`account ${ACCOUNT} eu-north-1`, `keep ${made.accessKeyId}`, "put"]);
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
    expect(await run()).toBeUndefined();
    expect(await run({ keep: undefined })).toBeUndefined();
    expect(keys.size).toBe(1);
  });
});

describe("a configured administrator", () => {
  test("is stored and not shown again", async () => {
    const { keys, events, run } = start();
    expect(await run({ administrator: CONFIGURED })).toBeUndefined();
    expect(events).toEqual([`account ${ACCOUNT} eu-north-1`, "put"]);
    const key = keys.get(CONFIGURED.accessKeyId);
    if (key === undefined) throw new Error("no key was stored");
    expect(masterKey.open(key.sealed, key.id)).toBe(CONFIGURED.secretAccessKey);
  });

  test("may get another secret", async () => {
    const { keys, run } = start();
    await run({ administrator: CONFIGURED });
    await run({ administrator: { ...CONFIGURED, secretAccessKey: "another-secret-now" } });
    const key = keys.get(CONFIGURED.accessKeyId);
    if (key === undefined) throw new Error("no key was stored");
    expect(masterKey.open(key.sealed, key.id)).toBe("another-secret-now");
  });

  test("whose id is another principal's is refused by id, without the secret", async () => {
    const sealed = masterKey.seal("x", CONFIGURED.accessKeyId);
    const { run } = start([{ id: CONFIGURED.accessKeyId, account: ACCOUNT, principal: "arn:other", sealed }]);
    await expect(run({ administrator: CONFIGURED })).rejects.toThrow(
      new Error(
        `the access key ${CONFIGURED.accessKeyId} belongs to another principal; configure another administrator key`,
      ),
    );
  });
});
