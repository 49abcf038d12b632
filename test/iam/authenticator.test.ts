import { beforeEach, describe, expect, test } from "vitest";
import { type AccessKey, type AccessKeyStore, administratorArn } from "../../src/iam/access-keys.ts";
import { BasicAuthenticator } from "../../src/iam/authenticator.ts";
import { MasterKey, type SealedSecret } from "../../src/iam/master-key.ts";

const ACCOUNT = "123456789012";
const ID = "AKIAEXAMPLEEXAMPLE12";
const SECRET = "a-secret-of-the/administrator+";
const PRINCIPAL = { kind: "user", account: ACCOUNT, arn: administratorArn(ACCOUNT), accessKeyId: ID };

/** Counts what it opens, so that a path that opens nothing can be told apart. */
class CountingKey extends MasterKey {
  opened = 0;
  override open(sealed: SealedSecret, context: string): string {
    this.opened++;
    return super.open(sealed, context);
  }
}

const masterKey = new CountingKey(Buffer.alloc(32, 1));
const keys = new Map<string, AccessKey>();
let lookups: string[] = [];
/** Milliseconds; they pass when a test says so. */
let now = 0;

const store: Pick<AccessKeyStore, "find"> = {
  async find(id) {
    lookups.push(id);
    return keys.get(id);
  },
};

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function basic(id: string, secret: string): string {
  return `Basic ${encode(`${id}:${secret}`)}`;
}

function authenticator(): BasicAuthenticator {
  return new BasicAuthenticator(store as AccessKeyStore, masterKey, () => now);
}

beforeEach(() => {
  now = 1_000;
  masterKey.opened = 0;
  lookups = [];
  keys.clear();
  keys.set(ID, {
    ...{ id: ID, account: ACCOUNT, principal: administratorArn(ACCOUNT) },
    sealed: masterKey.seal(SECRET, ID),
  });
});

describe("credentials that are right", () => {
  test("prove the principal of the key", async () => {
    expect(await authenticator().authenticate(basic(ID, SECRET))).toEqual(PRINCIPAL);
  });

  test.each(["basic", "BASIC", "Basic  "])("may follow the scheme as %s", async (scheme) => {
    const header = `${scheme} ${encode(`${ID}:${SECRET}`)}`;
    expect(await authenticator().authenticate(header)).toEqual(PRINCIPAL);
  });

  test("may have a colon in the secret, since the id has none", async () => {
    keys.set(ID, { id: ID, account: ACCOUNT, principal: "arn:x", sealed: masterKey.seal("a:b:c", ID) });
    expect(await authenticator().authenticate(basic(ID, "a:b:c"))).toMatchObject({ arn: "arn:x" });
  });
});

describe("credentials that are of no use", () => {
  test.each([
    ["a wrong secret", basic(ID, "wrong")],
    ["no secret", basic(ID, "")],
    ["a part of the secret", basic(ID, SECRET.slice(0, -1))],
    ["more than the secret", basic(ID, `${SECRET}x`)],
    ["an unknown id", basic("AKIAUNKNOWNUNKNOWN12", SECRET)],
    ["an unknown id without a secret", basic("AKIAUNKNOWNUNKNOWN12", "")],
    ["the id in lower case", basic(ID.toLowerCase(), SECRET)],
  ])("%s", async (_, header) => {
    expect(await authenticator().authenticate(header)).toBeUndefined();
    expect(lookups).toHaveLength(1);
  });

  test.each([
    ["nothing", ""],
    ["a scheme alone", "Basic"],
    ["a scheme and blanks", "Basic   "],
    ["another scheme", `Bearer ${encode(`${ID}:${SECRET}`)}`],
    ["what is not base64", "Basic !!!!"],
    ["text behind the base64", `${basic(ID, SECRET)} more`],
    ["a header that was folded from two", `${basic(ID, SECRET)}, ${basic(ID, SECRET)}`],
    ["no colon", `Basic ${encode(ID)}`],
    ["an empty id", basic("", SECRET)],
    ["an id that is too short", basic("AKIASHORT", SECRET)],
    ["an id that is too long", basic("A".repeat(129), SECRET)],
    ["an id with a NUL", basic(`${ID}\0`, SECRET)],
    ["an id that is SQL", basic("' OR 1=1; -- padding", SECRET)],
  ])("%s is not even looked up", async (_, header) => {
    expect(await authenticator().authenticate(header)).toBeUndefined();
    expect(lookups).toEqual([]);
  });

  // What an unknown id costs tells nobody that it is unknown.
  test("cost the opening of one secret, whether the id is known or not", async () => {
    const door = authenticator();
    await door.authenticate(basic(ID, "wrong"));
    expect(masterKey.opened).toBe(1);
    await door.authenticate(basic("AKIAUNKNOWNUNKNOWN12", "wrong"));
    expect(masterKey.opened).toBe(2);
  });

  test("are looked up each time: a key that is made meanwhile works at once", async () => {
    const door = authenticator();
    const key = keys.get(ID);
    keys.clear();
    expect(await door.authenticate(basic(ID, SECRET))).toBeUndefined();
    if (key !== undefined) keys.set(ID, key);
    expect(await door.authenticate(basic(ID, SECRET))).toEqual(PRINCIPAL);
  });
});

describe("a verified header", () => {
  test("is believed for 30 seconds, and a deleted key ends then", async () => {
    const door = authenticator();
    await door.authenticate(basic(ID, SECRET));
    keys.clear();
    now += 30_000;
    expect(await door.authenticate(basic(ID, SECRET))).toEqual(PRINCIPAL);
    expect(lookups).toHaveLength(1);
    now += 1;
    expect(await door.authenticate(basic(ID, SECRET))).toBeUndefined();
    expect(lookups).toHaveLength(2);
  });

  test("that is used all the time is not believed for longer", async () => {
    const door = authenticator();
    await door.authenticate(basic(ID, SECRET));
    keys.clear();
    for (let second = 0; second < 29; second++) {
      now += 1_000;
      expect(await door.authenticate(basic(ID, SECRET))).toEqual(PRINCIPAL);
    }
    now += 1_001;
    expect(await door.authenticate(basic(ID, SECRET))).toBeUndefined();
  });

  test("makes no other header believed", async () => {
    const door = authenticator();
    await door.authenticate(basic(ID, SECRET));
    expect(await door.authenticate(basic(ID, "wrong"))).toBeUndefined();
  });
});

test("a secret under another master key is a defect of the deployment, not a wrong password", async () => {
  const elsewhere = new MasterKey(Buffer.alloc(32, 9));
  keys.set(ID, { id: ID, account: ACCOUNT, principal: "arn:x", sealed: elsewhere.seal(SECRET, ID) });
  await expect(authenticator().authenticate(basic(ID, SECRET))).rejects.toThrow(/encrypted under master key/);
});
