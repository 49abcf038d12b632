import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AccountVersions } from "../../../src/iam/access/account-versions.ts";
import { CredentialAuthenticator } from "../../../src/iam/access/credential-authenticator.ts";
import type { LoginAttempt } from "../../../src/iam/logins/login-attempt.ts";
import { LoginGuard } from "../../../src/iam/logins/login-guard.ts";
import { MasterKey } from "../../../src/iam/master-key.ts";
import { ANONYMOUS } from "../../../src/iam/principal.ts";
import type { Credential } from "../../../src/iam/principals/credentials.ts";
import type { AccountVersion } from "../../../src/iam/principals/principal-policies.ts";
import { sha256Hex } from "../../../src/iam/sigv4/canonical.ts";
import { RegistryTokens, type TokenClaims } from "../../../src/iam/tokens/registry-token.ts";
import { SigningKeys, type StoredSigningKey } from "../../../src/iam/tokens/signing-keys.ts";
import { HOUR, ManualClock, MINUTE } from "../../support/clock.ts";
import { UNCOUNTED } from "../../support/logins.ts";
import { ALICE, CI_RUN } from "./identities.ts";

const ACCOUNT = ALICE.account;
const REGION = "eu-north-1";
const SECRET = "a-secret-of-alice/with+slashes";
const TOKEN = "a/session+token==";
const REFUSED = { state: "refused" };
const ALICE_PROVEN = { state: "proven", principal: ALICE, access: undefined, region: undefined };
const CI_PROVEN = { ...ALICE_PROVEN, principal: CI_RUN };

const credentials = new Map<string, Credential>();
let account: AccountVersion;
let lookups: string[];
let uses: string[];
let clock: ManualClock;
/** Milliseconds of the process; they pass when a test says so. */
let now: number;
let tokens: RegistryTokens;
let authenticator: CredentialAuthenticator;

beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  clock = new ManualClock();
  account = { version: 1, disabled: false };
  lookups = [];
  uses = [];
  credentials.clear();
  credentials.set(ALICE.accessKeyId, aliceKey());
  credentials.set(CI_RUN.accessKeyId, {
    ...{ secret: SECRET, principal: CI_RUN, sessionTokenHash: sha256Hex(TOKEN), version: 1 },
    expiresAt: new Date(clock.now().getTime() + HOUR),
  });
  tokens = new RegistryTokens(signingKeys(), clock);
  authenticator = new CredentialAuthenticator({
    ...{ tokens, clock },
    credentials: {
      async find(id) {
        lookups.push(id);
        return credentials.get(id);
      },
    },
    versions: new AccountVersions({ versions: async () => new Map([[ACCOUNT, account]]) }),
    onUse: (id) => uses.push(id),
  });
});
afterEach(() => vi.restoreAllMocks());

function aliceKey(more: Partial<Credential> = {}): Credential {
  return {
    ...{ secret: SECRET, principal: ALICE, sessionTokenHash: undefined, expiresAt: undefined },
    ...{ version: account.version, ...more },
  };
}

function signingKeys(): SigningKeys {
  const stored: StoredSigningKey[] = [];
  const store = {
    list: async () => stored,
    add: async (key: StoredSigningKey) => stored.push(key) > 0,
    removeRetired: async () => undefined,
  };
  return new SigningKeys(store, new MasterKey(MasterKey.generate()), clock);
}

/** Everything about the account stays, except what `change` does to it; every node has heard of it. */
function changeAccount(change: () => void = () => undefined, disabled = false): void {
  account = { version: account.version + 1, disabled };
  change();
  now += 500;
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

function basic(user: string, password: string): string {
  return `Basic ${encode(`${user}:${password}`)}`;
}

async function tokenOf(accessKeyId: string, more: Partial<TokenClaims> = {}): Promise<string> {
  const expiresAt = new Date(clock.now().getTime() + 12 * HOUR);
  const claims = { accessKeyId, account: ACCOUNT, region: REGION, access: undefined, expiresAt, ...more };
  return (await tokens.issue(claims)).token;
}

const known = (header: string) => authenticator.known(header, UNCOUNTED);
/** As doors do it. */
const authenticate = async (header: string) => known(header) ?? authenticator.authenticate(header, UNCOUNTED);

describe("what comes again and again", () => {
  const header = basic(ALICE.accessKeyId, SECRET);

  test("is known without waiting from the third time on, and once a minute not", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (let times = 0; times < 2; times++) {
        expect(known(header)).toBeUndefined();
        await authenticate(header);
      }
      expect(known(header)).toEqual(ALICE_PROVEN);
      vi.advanceTimersByTime(MINUTE);
      expect(known(header)).toBeUndefined();
      await authenticate(header);
      expect(known(header)).toEqual(ALICE_PROVEN);
    } finally {
      vi.useRealTimers();
    }
  });

  test("is counted as a login each time", async () => {
    const believed = vi.fn<LoginAttempt["believed"]>();
    for (let times = 0; times < 2; times++) await authenticate(header);
    authenticator.known(header, { ...UNCOUNTED, believed });
    expect(believed).toHaveBeenCalledOnce();
  });

  test("is looked at again when the account has changed, or may have", async () => {
    for (let times = 0; times < 2; times++) await authenticate(header);
    now += 500;
    expect(known(header)).toBeUndefined();
    changeAccount(() => credentials.delete(ALICE.accessKeyId));
    expect(await authenticate(header)).toEqual(REFUSED);
    expect(known(header)).toBeUndefined();
  });

  test("is over with the session that it is for", async () => {
    const ofSession = basic(CI_RUN.accessKeyId, `${SECRET}.${TOKEN}`);
    for (let times = 0; times < 2; times++) await authenticate(ofSession);
    expect(known(ofSession)).toEqual(CI_PROVEN);
    clock.advance(HOUR);
    expect(known(ofSession)).toBeUndefined();
  });

  test("is not kept where it is very long, or wrong", async () => {
    const long = `Basic${" ".repeat(4_096)}${encode(`${ALICE.accessKeyId}:${SECRET}`)}`;
    const wrong = basic(ALICE.accessKeyId, "wrong");
    for (let times = 0; times < 3; times++) {
      expect(await authenticate(long)).toEqual(ALICE_PROVEN);
      expect(await authenticate(wrong)).toEqual(REFUSED);
    }
    expect(known(long)).toBeUndefined();
    expect(known(wrong)).toBeUndefined();
  });
});

describe("a key and its secret", () => {
  test("prove the principal of the key, anywhere and unnarrowed", async () => {
    expect(await authenticate(basic(ALICE.accessKeyId, SECRET))).toEqual(ALICE_PROVEN);
  });

  test.each(["basic", "BASIC", "Basic  "])("may follow the scheme as %s", async (scheme) => {
    expect(await authenticate(`${scheme} ${encode(`${ALICE.accessKeyId}:${SECRET}`)}`)).toEqual(ALICE_PROVEN);
  });

  test.each(["a:b:c", "a.b.c", `${SECRET}.${TOKEN}`, "sécret…"])(
    "may be %j: only the session's secret is cut at a dot, only the id at a colon",
    async (secret) => {
      credentials.set(ALICE.accessKeyId, aliceKey({ secret }));
      expect(await authenticate(basic(ALICE.accessKeyId, secret))).toEqual(ALICE_PROVEN);
    },
  );

  test.each([
    ["a wrong secret", basic(ALICE.accessKeyId, "wrong")],
    ["no secret", basic(ALICE.accessKeyId, "")],
    ["a part of the secret", basic(ALICE.accessKeyId, SECRET.slice(0, -1))],
    ["more than the secret", basic(ALICE.accessKeyId, `${SECRET}x`)],
    ["a session token that the key does not have", basic(ALICE.accessKeyId, `${SECRET}.${TOKEN}`)],
    ["the id in lower case", basic(ALICE.accessKeyId.toLowerCase(), SECRET)],
    ["an unknown id", basic("AKIAUNKNOWNUNKNOWN12", SECRET)],
    ["an unknown id without a secret", basic("AKIAUNKNOWNUNKNOWN12", "")],
    ["an unknown id of a session", basic("ASIAUNKNOWNUNKNOWN12", ".")],
  ])("%s is refused, after one look-up", async (_, header) => {
    expect(await authenticate(header)).toEqual(REFUSED);
    expect(lookups).toHaveLength(1);
    expect(uses).toEqual([]);
  });

  test("that is made meanwhile works at once: refusals are not remembered", async () => {
    credentials.clear();
    expect(await authenticate(basic(ALICE.accessKeyId, SECRET))).toEqual(REFUSED);
    credentials.set(ALICE.accessKeyId, aliceKey());
    expect(await authenticate(basic(ALICE.accessKeyId, SECRET))).toEqual(ALICE_PROVEN);
  });

  test("that cannot be looked up is a failure, not a refusal", async () => {
    credentials.get = () => {
      throw new Error("connection lost");
    };
    try {
      await expect(authenticate(basic(ALICE.accessKeyId, SECRET))).rejects.toThrow("connection lost");
    } finally {
      Reflect.deleteProperty(credentials, "get");
    }
  });
});

describe("a session", () => {
  test("proves itself by key, secret and session token", async () => {
    expect(await authenticate(basic(CI_RUN.accessKeyId, `${SECRET}.${TOKEN}`))).toEqual(CI_PROVEN);
  });

  test("may have dots in its token", async () => {
    const found = credentials.get(CI_RUN.accessKeyId) ?? aliceKey();
    credentials.set(CI_RUN.accessKeyId, { ...found, sessionTokenHash: sha256Hex("a.b.c") });
    expect(await authenticate(basic(CI_RUN.accessKeyId, `${SECRET}.a.b.c`))).toEqual(CI_PROVEN);
  });

  test.each([
    ["no session token", SECRET],
    ["an empty session token", `${SECRET}.`],
    ["another session token", `${SECRET}.other`],
    ["the hash of the session token", `${SECRET}.${sha256Hex(TOKEN)}`],
    ["another secret", `wrong.${TOKEN}`],
    ["no secret", `.${TOKEN}`],
    ["the session token alone", TOKEN],
    ["nothing", ""],
    ["a dot", "."],
  ])("%s is refused", async (_, password) => {
    expect(await authenticate(basic(CI_RUN.accessKeyId, password))).toEqual(REFUSED);
  });

  test("is looked up once while it lasts", async () => {
    for (let minute = 0; minute < 59; minute++) {
      await authenticate(basic(CI_RUN.accessKeyId, `${SECRET}.${TOKEN}`));
      clock.advance(MINUTE);
    }
    expect(lookups).toHaveLength(1);
  });

  test("ends with its time, also where it was verified before", async () => {
    const header = basic(CI_RUN.accessKeyId, `${SECRET}.${TOKEN}`);
    clock.advance(HOUR - 1);
    expect(await authenticate(header)).toEqual(CI_PROVEN);
    clock.advance(1);
    expect(await authenticate(header)).toEqual(REFUSED);
  });
});

describe("a token", () => {
  test.each([
    ["as the password of AWS", (token: string) => basic("AWS", token)],
    ["as a bearer", (token: string) => `Bearer ${token}`],
    ["as a bearer in any letter case", (token: string) => `bEARER  ${token}`],
  ])("%s proves the holder of the key that asked for it, in its region", async (_, headerOf) => {
    const header = headerOf(await tokenOf(ALICE.accessKeyId));
    expect(await authenticate(header)).toEqual({ ...ALICE_PROVEN, region: REGION });
    expect(lookups).toEqual([ALICE.accessKeyId]);
  });

  test("may narrow its holder", async () => {
    const access = [{ type: "repository", name: "team/app", actions: ["pull"] }];
    const token = await tokenOf(ALICE.accessKeyId, { access });
    expect(await authenticate(`Bearer ${token}`)).toEqual({ ...ALICE_PROVEN, access, region: REGION });
  });

  test.each(["aws", "Aws", "AWS "])("is no password of %j", async (user) => {
    expect(await authenticate(basic(user, await tokenOf(ALICE.accessKeyId)))).toEqual(REFUSED);
  });

  test.each([
    ["nothing", ""],
    ["a word", "secret"],
    ["three words", "a.b.c"],
    ["a secret", SECRET],
  ])("that is %s is refused and nothing is looked up", async (_, token) => {
    expect(await authenticate(basic("AWS", token))).toEqual(REFUSED);
    expect(lookups).toEqual([]);
  });

  test("of another registry's making is refused", async () => {
    const ours = tokens;
    tokens = new RegistryTokens(signingKeys(), clock);
    const token = await tokenOf(ALICE.accessKeyId);
    tokens = ours;
    expect(await authenticate(basic("AWS", token))).toEqual(REFUSED);
  });

  test("whose claims were changed is refused", async () => {
    const [head, , signature] = (await tokenOf(ALICE.accessKeyId)).split(".");
    const [, claims] = (await tokenOf(CI_RUN.accessKeyId)).split(".");
    expect(await authenticate(basic("AWS", `${head}.${claims}.${signature}`))).toEqual(REFUSED);
  });

  test("of a key that never was is refused", async () => {
    expect(await authenticate(basic("AWS", await tokenOf("AKIAUNKNOWNUNKNOWN12")))).toEqual(REFUSED);
  });

  test("of a key that is gone is refused, whether its time is over or not", async () => {
    const header = basic("AWS", await tokenOf(ALICE.accessKeyId));
    credentials.clear();
    expect(await authenticate(header)).toEqual(REFUSED);
    clock.advance(12 * HOUR);
    expect(await authenticate(header)).toEqual(REFUSED);
  });

  test("past its time is told from a wrong one, and says whose it was and since when", async () => {
    const since = new Date(clock.now().getTime() + 12 * HOUR);
    const header = basic("AWS", await tokenOf(ALICE.accessKeyId));
    clock.advance(12 * HOUR - 1);
    expect(await authenticate(header)).toMatchObject({ state: "proven" });
    clock.advance(1);
    const expired = { state: "expired", principal: ALICE, since, access: undefined, region: REGION };
    expect(await authenticate(header)).toEqual(expired);
    expect(await authenticate(header)).toEqual(expired);
    expect(uses).toEqual([ALICE.accessKeyId]);
  });

  test("past its time still says what it was good for", async () => {
    const access = [{ type: "repository", name: "team/app", actions: ["push"] }];
    const token = await tokenOf(ALICE.accessKeyId, { access });
    clock.advance(12 * HOUR);
    expect(await authenticate(`Bearer ${token}`)).toMatchObject({ state: "expired", access, region: REGION });
  });

  test("that was never seen before its end is told from a wrong one as well", async () => {
    const token = await tokenOf(ALICE.accessKeyId);
    const since = new Date(clock.now().getTime() + 12 * HOUR);
    clock.advance(100 * HOUR);
    expect(await authenticate(basic("AWS", token))).toMatchObject({
      ...{ state: "expired", principal: ALICE, since },
    });
  });

  test("ends with the session that asked for it, though it says another time", async () => {
    const header = basic("AWS", await tokenOf(CI_RUN.accessKeyId));
    const since = new Date(clock.now().getTime() + HOUR);
    expect(await authenticate(header)).toEqual({ ...CI_PROVEN, region: REGION });
    clock.advance(HOUR + MINUTE);
    expect(await authenticate(header)).toMatchObject({ state: "expired", principal: CI_RUN, since });
  });
});

test("a token ends with its own time where the session that asked for it goes on", async () => {
  const session = credentials.get(CI_RUN.accessKeyId) ?? aliceKey();
  const end = clock.now().getTime() + 12 * HOUR;
  credentials.set(CI_RUN.accessKeyId, { ...session, expiresAt: new Date(end + HOUR) });
  const header = basic("AWS", await tokenOf(CI_RUN.accessKeyId));
  expect(await authenticate(header)).toMatchObject({ state: "proven" });
  clock.advance(12 * HOUR);
  expect(await authenticate(header)).toMatchObject({ state: "expired", since: new Date(end) });
});

describe("a token that stands for nobody", () => {
  const access = [{ type: "repository", name: "public/app", actions: ["pull"] }];

  test("proves nobody, and no credential is looked up or noted", async () => {
    const header = `Bearer ${await tokenOf("anonymous", { access })}`;
    const wanted = { state: "proven", principal: ANONYMOUS, access, region: REGION };
    expect(await authenticate(header)).toEqual(wanted);
    changeAccount();
    expect(await authenticate(header)).toEqual(wanted);
    expect([lookups, uses]).toEqual([[], []]);
  });

  test("is refused past its time: it has no holder", async () => {
    const header = `Bearer ${await tokenOf("anonymous", { access })}`;
    expect(await authenticate(header)).toMatchObject({ state: "proven" });
    clock.advance(12 * HOUR);
    expect(await authenticate(header)).toEqual(REFUSED);
  });
});

describe("what is no credential is not even looked up:", () => {
  const id = ALICE.accessKeyId;
  test.each([
    ["nothing", ""],
    ["a scheme alone", "Basic"],
    ["a scheme and blanks", "Basic   "],
    ["Bearer alone", "Bearer "],
    ["another scheme", `Digest ${encode(`${id}:${SECRET}`)}`],
    ["an id and a secret as a bearer", `Bearer ${encode(`${id}:${SECRET}`)}`],
    ["a signature of the other door", `AWS4-HMAC-SHA256 Credential=${id}/x`],
    ["what is not base64", "Basic !!!!"],
    ["text behind the base64", `${basic(id, SECRET)} more`],
    ["a header that was folded from two", `${basic(id, SECRET)}, ${basic(id, SECRET)}`],
    ["a bearer of two words", "Bearer a.b.c d.e.f"],
    ["no colon", `Basic ${encode(id)}`],
    ["an empty id", basic("", SECRET)],
    ["an id that is too short", basic("AKIASHORT", SECRET)],
    ["an id that is too long", basic("A".repeat(129), SECRET)],
    ["an id with a NUL", basic(`${id}\0`, SECRET)],
    ["an id with a line break", basic(`${id}\n`, SECRET)],
    ["an id that is SQL", basic("' OR 1=1; -- padding", SECRET)],
  ])("%s", async (_, header) => {
    expect(await authenticate(header)).toEqual(REFUSED);
    expect(lookups).toEqual([]);
  });
});

describe("what was refused", () => {
  const wrong = basic(ALICE.accessKeyId, `${SECRET}?`);

  test("is refused from memory while the account stays as it was", async () => {
    for (let minute = 0; minute < 9; minute++) {
      expect(await authenticate(wrong)).toEqual(REFUSED);
      clock.advance(MINUTE);
    }
    expect(lookups).toHaveLength(1);
  });

  test("is looked up again when the account has changed, and may be right then", async () => {
    await authenticate(wrong);
    changeAccount(() => credentials.set(ALICE.accessKeyId, aliceKey({ secret: `${SECRET}?` })));
    expect(await authenticate(wrong)).toEqual(ALICE_PROVEN);
    expect(await authenticate(wrong)).toEqual(ALICE_PROVEN);
    expect(lookups).toHaveLength(2);
  });

  test("is not believed for ever", async () => {
    await authenticate(wrong);
    clock.advance(10 * MINUTE);
    await authenticate(wrong);
    expect(lookups).toHaveLength(2);
  });

  test("because a token has lost its key is not looked up again until the account has changed", async () => {
    const header = basic("AWS", await tokenOf(ALICE.accessKeyId));
    changeAccount(() => credentials.delete(ALICE.accessKeyId));
    for (let time = 0; time < 3; time++) expect(await authenticate(header)).toEqual(REFUSED);
    expect(lookups).toHaveLength(1);
    changeAccount(() => credentials.set(ALICE.accessKeyId, aliceKey()));
    expect(await authenticate(header)).toMatchObject({ state: "proven" });
  });
});

describe("a try", () => {
  const told: unknown[] = [];
  const attempt: LoginAttempt = {
    admit: (claimed) => void told.push(claimed),
    failed: (failure, account) => void told.push([failure, account]),
    believed: (principal, fingerprint) => void told.push([principal, fingerprint]),
    proven: (principal) => void told.push(principal),
  };
  const fingerprint = expect.any(String);
  beforeEach(() => void told.splice(0));

  test("is told with the key that it names, and who it proved, from memory too", async () => {
    for (let time = 0; time < 2; time++) {
      await authenticator.authenticate(basic(ALICE.accessKeyId, SECRET), attempt);
    }
    const claimed = { accessKeyId: ALICE.accessKeyId, fingerprint, isVouched: false };
    expect(told).toEqual([claimed, ALICE, [ALICE, fingerprint]]);
  });

  test.each([
    ["a wrong secret", ALICE.accessKeyId, `${SECRET}?`, ["wrong", ACCOUNT]],
    ["an unknown key", "AKIAUNKNOWNUNKNOWN12", SECRET, ["unknown", undefined]],
    ["no key at all", "admin", SECRET, ["unknown", undefined]],
    ["no token of ours", "AWS", "token", ["wrong", undefined]],
  ])("with %s is told so, from memory too", async (_, user, password, ended) => {
    for (let time = 0; time < 2; time++) await authenticator.authenticate(basic(user, password), attempt);
    const claimed = { accessKeyId: /^AKIA/.test(user) ? user : "", fingerprint, isVouched: false };
    expect(told).toEqual([claimed, ended, claimed, ended]);
  });

  test("with what is no credential is told with no key", async () => {
    await authenticator.authenticate("Digest x", attempt);
    expect(told).toEqual([{ accessKeyId: "", fingerprint, isVouched: false }, ["wrong", undefined]]);
  });

  test("with a token of nobody's proves nobody, and is none from memory", async () => {
    const header = `Bearer ${await tokenOf("anonymous")}`;
    for (let time = 0; time < 2; time++) await authenticator.authenticate(header, attempt);
    expect(told).toEqual([{ accessKeyId: "", fingerprint, isVouched: true }]);
  });

  test("that is not admitted looks nothing up", async () => {
    const closed = {
      ...attempt,
      admit: () => {
        throw new Error("too many");
      },
    };
    await expect(authenticator.authenticate(basic(ALICE.accessKeyId, SECRET), closed)).rejects.toThrow(
      "too many",
    );
    expect(lookups).toEqual([]);
  });

  test("with an expired token is for the door to judge: an upload may go on", async () => {
    const header = basic("AWS", await tokenOf(ALICE.accessKeyId));
    clock.advance(13 * HOUR);
    await authenticator.authenticate(header, attempt);
    expect(told).toEqual([{ accessKeyId: "", fingerprint, isVouched: true }]);
  });
});

describe("what was verified", () => {
  const header = basic(ALICE.accessKeyId, SECRET);

  test("is believed while the account stays as it was, and is noted once", async () => {
    for (let hour = 0; hour < 100; hour++) {
      expect(await authenticate(header)).toEqual(ALICE_PROVEN);
      clock.advance(HOUR);
      now += HOUR;
    }
    expect(lookups).toHaveLength(1);
    expect(uses).toEqual([ALICE.accessKeyId]);
  });

  test("is verified again when the account has changed, and believed again then", async () => {
    await authenticate(header);
    changeAccount(() =>
      credentials.set(ALICE.accessKeyId, aliceKey({ principal: { ...ALICE, name: "eve" } })),
    );
    expect(await authenticate(header)).toMatchObject({ principal: { name: "eve" } });
    expect(await authenticate(header)).toMatchObject({ principal: { name: "eve" } });
    expect(lookups).toHaveLength(2);
  });

  test.each([
    ["a key that is deleted", () => void credentials.clear()],
    ["a key with another secret", () => void credentials.set(ALICE.accessKeyId, aliceKey({ secret: "new" }))],
  ])("%s ends with the change", async (_, change) => {
    await authenticate(header);
    changeAccount(change);
    expect(await authenticate(header)).toEqual(REFUSED);
    expect(await authenticate(header)).toEqual(REFUSED);
  });

  test("ends when the account is disabled", async () => {
    await authenticate(header);
    changeAccount(() => credentials.clear(), true);
    expect(await authenticate(header)).toEqual(REFUSED);
  });

  test("in a token ends with its key", async () => {
    const token = basic("AWS", await tokenOf(ALICE.accessKeyId));
    expect(await authenticate(token)).toMatchObject({ state: "proven" });
    changeAccount(() => credentials.clear());
    expect(await authenticate(token)).toEqual(REFUSED);
  });

  test("makes no other header believed", async () => {
    await authenticate(header);
    expect(await authenticate(basic(ALICE.accessKeyId, "wrong"))).toEqual(REFUSED);
  });
});

describe("where somebody else was wrong too often", () => {
  let guard: LoginGuard;
  const from = (sourceIp: string, header: string) => {
    const origin = {
      door: "registry",
      sourceIp,
      secureTransport: true,
      userAgent: "",
      requestId: "",
    } as const;
    return authenticator.authenticate(header, guard.begin({ ...origin, at: clock.now() }));
  };
  const flood = async (headerOf: (at: number) => string) => {
    for (let at = 0; at < 500; at++) await from("192.0.2.1", headerOf(at)).catch(() => undefined);
    await expect(from("192.0.2.1", headerOf(501))).rejects.toMatchObject({ reason: "TOOMANYREQUESTS" });
  };
  beforeEach(() => {
    guard = new LoginGuard(() => undefined);
  });

  test("a token of this registry is heard all the same", async () => {
    await flood((at) => basic("AWS", `wrong${at}`));
    const header = basic("AWS", await tokenOf(ALICE.accessKeyId));
    expect(await from("192.0.2.1", header)).toMatchObject({ state: "proven" });
  });

  test("a password that was right a moment ago is heard all the same", async () => {
    const header = basic(ALICE.accessKeyId, SECRET);
    await from("198.51.100.1", header);
    await flood((at) => basic(`AKIAFLOODFLOODFLO${at}`, "wrong"));
    for (let at = 0; at < 30; at++) {
      await from("192.0.2.1", basic(ALICE.accessKeyId, `wrong${at}`)).catch(() => undefined);
    }
    expect(await from("192.0.2.1", header)).toMatchObject({ state: "proven" });
  });
});
