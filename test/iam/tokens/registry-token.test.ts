import { decodeProtectedHeader, SignJWT } from "jose";
import { expect, test } from "vitest";
import { MasterKey } from "../../../src/iam/master-key.ts";
import { RegistryTokens } from "../../../src/iam/tokens/registry-token.ts";
import {
  type SigningKeyStore,
  SigningKeys,
  type StoredSigningKey,
} from "../../../src/iam/tokens/signing-keys.ts";
import { ManualClock } from "../../support/clock.ts";

const START = "2026-11-25T00:00:00Z";
const HOUR = 3_600_000;

function node(store: SigningKeyStore, masterKey: MasterKey, clock: ManualClock) {
  const keys = new SigningKeys(store, masterKey, clock);
  return { keys, tokens: new RegistryTokens(keys, clock) };
}

function world() {
  const stored: StoredSigningKey[] = [];
  const store: SigningKeyStore = {
    list: async () => stored.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime()),
    async add(key) {
      for (const [at, old] of stored.entries())
        stored[at] = { ...old, retiredAt: old.retiredAt ?? key.createdAt };
      return stored.push(key) > 0;
    },
    async removeRetired(before) {
      const kept = stored.filter(({ retiredAt }) => retiredAt === undefined || retiredAt >= before);
      stored.splice(0, stored.length, ...kept);
    },
  };
  const masterKey = new MasterKey(MasterKey.generate());
  const clock = new ManualClock(START);
  return { stored, store, masterKey, clock, ...node(store, masterKey, clock) };
}

function claims(clock: ManualClock, lifetime = 12 * HOUR) {
  return {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    account: "123456789012",
    region: "eu-central-1",
    access: undefined,
    expiresAt: new Date(clock.now().getTime() + lifetime),
  };
}

test("a token says whom it stands for, fits any credential store, and has no colon", async () => {
  const { tokens, clock } = world();
  const issued = await tokens.issue(claims(clock));
  expect(issued.token).not.toContain(":");
  expect(issued.token.length).toBeLessThan(2000);
  expect(await tokens.verify(issued.token)).toEqual({ state: "valid", claims: claims(clock) });
});

test("a scoped token keeps its access", async () => {
  const { tokens, clock } = world();
  const access = [{ type: "repository", name: "team/app", actions: ["pull"] }];
  const { token } = await tokens.issue({ ...claims(clock), access });
  expect(await tokens.verify(token)).toMatchObject({ state: "valid", claims: { access } });
});

test("another node proves it by the keys in the database", async () => {
  const { tokens, store, masterKey, clock } = world();
  const { token } = await tokens.issue(claims(clock));
  expect((await node(store, masterKey, clock).tokens.verify(token)).state).toBe("valid");
});

test("it is over when it has expired, also where it was verified before", async () => {
  const { tokens, store, masterKey, clock } = world();
  const { token } = await tokens.issue(claims(clock, HOUR));
  expect((await tokens.verify(token)).state).toBe("valid");
  clock.advance(HOUR + 1000);
  expect(await tokens.verify(token)).toMatchObject({ state: "expired" });
  expect(await node(store, masterKey, clock).tokens.verify(token)).toMatchObject({ state: "expired" });
});

test("a changed token, another issuer's, and text that is no token are unknown", async () => {
  const { tokens, clock, keys } = world();
  const { token } = await tokens.issue(claims(clock));
  const [header, payload, signature] = token.split(".");
  const forged = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
  const changed = Buffer.from(JSON.stringify({ ...forged, sub: "AKIASOMEBODYELSE0000" })).toString(
    "base64url",
  );
  expect(await tokens.verify(`${header}.${changed}.${signature}`)).toEqual({ state: "unknown" });
  expect(await tokens.verify("not-a-token")).toEqual({ state: "unknown" });
  const { kid, privateKey } = await keys.signing();
  const stranger = await new SignJWT({ acc: "1", reg: "x" })
    .setProtectedHeader({ alg: "ES256", kid })
    .setIssuer("somebody")
    .setSubject("AKIA")
    .setExpirationTime("1h")
    .sign(privateKey);
  expect(await tokens.verify(stranger)).toEqual({ state: "unknown" });
});

test("an unsigned token and one under a key of its own are unknown", async () => {
  const { tokens, clock } = world();
  const { token } = await tokens.issue(claims(clock));
  const payload = token.split(".")[1];
  const none = Buffer.from(JSON.stringify({ alg: "none", kid: decodeProtectedHeader(token).kid })).toString(
    "base64url",
  );
  expect(await tokens.verify(`${none}.${payload}.`)).toEqual({ state: "unknown" });
  const own = world();
  expect(await tokens.verify((await own.tokens.issue(claims(own.clock))).token)).toEqual({
    state: "unknown",
  });
});

test("rotation makes a new key sign and leaves old tokens valid, on every node", async () => {
  const { tokens, keys, store, masterKey, clock } = world();
  const other = node(store, masterKey, clock);
  const before = await tokens.issue(claims(clock, 100 * HOUR));
  expect((await other.tokens.verify(before.token)).state).toBe("valid");
  clock.advance(2000);
  await keys.rotate();
  const after = await tokens.issue(claims(clock, 100 * HOUR));
  expect(decodeProtectedHeader(after.token).kid).not.toBe(decodeProtectedHeader(before.token).kid);
  expect((await other.tokens.verify(after.token)).state).toBe("valid");
  expect((await tokens.verify(before.token)).state).toBe("valid");
  expect((await keys.jwks()).keys).toHaveLength(2);
});

test("a key is replaced after a month by itself, and dropped when nothing it signed can live", async () => {
  const { tokens, clock, stored } = world();
  await tokens.issue(claims(clock));
  clock.advance(31 * 24 * HOUR);
  await tokens.issue(claims(clock));
  expect(stored).toHaveLength(2);
  clock.advance(31 * 24 * HOUR);
  await tokens.issue(claims(clock));
  expect(stored).toHaveLength(2);
});

test("private keys are encrypted at rest, and the published set has public halves alone", async () => {
  const { tokens, keys, clock, stored } = world();
  await tokens.issue(claims(clock));
  const published = (await keys.jwks()).keys[0];
  expect(published).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" });
  expect(published).not.toHaveProperty("d");
  expect(stored[0]?.privateJwk.ciphertext.toString("latin1")).not.toContain('"d"');
});
