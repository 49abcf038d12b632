import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { HOUR, ManualClock, MINUTE } from "../support/clock.ts";
import { expectError } from "../support/exchange.ts";
import { openSession, pushImage } from "../support/push.ts";
import { ask, BEARER_ENV, bearer, getToken, granted, postToken } from "./caller.ts";

const clock = new ManualClock();
const berth = await startTestBerth({ env: BEARER_ENV, clock });
afterAll(() => berth.stop());
await pushImage(berth, "lib/app", "v1", "life");
const MANIFEST = "/v2/lib/app/manifests/v1";
const SCOPES = ["repository:lib/app:pull,push"];

describe("time", () => {
  test("a token works for as long as was said, and no longer", async () => {
    const token = granted(await getToken(berth, berth.authorization, SCOPES));
    expect(token.expires_in).toBe(3600);
    clock.advance(token.expires_in * 1000 - 1);
    expect((await ask(berth, bearer(token), MANIFEST)).status).toBe(200);
    clock.advance(1);
    const answer = await ask(berth, bearer(token), MANIFEST);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(
      /scope="repository:lib\/app:pull",error="invalid_token"$/,
    );
    expectError(answer, "DENIED", "expired");
  });

  test("an upload that a token began goes on for an hour after it, within its scope", async () => {
    const wide = granted(await getToken(berth, berth.authorization, SCOPES));
    const narrow = granted(await getToken(berth, berth.authorization, ["repository:lib/app:pull"]));
    const session = await openSession(berth, "lib/app");
    clock.advance(HOUR + MINUTE);
    expect((await ask(berth, bearer(wide), MANIFEST)).status).toBe(401);
    expect((await ask(berth, bearer(wide), session)).status).toBe(204);
    expect((await ask(berth, bearer(narrow), session)).status).toBe(401);
    clock.advance(HOUR);
    expect((await ask(berth, bearer(wide), session)).status).toBe(401);
  });

  test("a refresh token lives as long as a password of the ECR API", async () => {
    const login = granted(await getToken(berth, berth.authorization, [], { offline_token: "true" }));
    const form = { grant_type: "refresh_token", refresh_token: login.refresh_token ?? "" };
    clock.advance(12 * HOUR - 10 * MINUTE);
    const last = granted(await postToken(berth, form));
    expect(last.expires_in).toBe(600);
    clock.advance(10 * MINUTE);
    const answer = await postToken(berth, form);
    expect(answer.status).toBe(401);
    expectError(answer, "DENIED", "expired");
  });
});

test("tokens live no longer than passwords may", async () => {
  const short = await startTestBerth({ env: { ...BEARER_ENV, BERTH_TOKEN_LIFETIME: "15m" }, clock });
  try {
    expect(granted(await getToken(short, short.authorization)).expires_in).toBe(900);
  } finally {
    await short.stop();
  }
});

describe("/.well-known/jwks.json", () => {
  test("has the key of every token, public and cacheable, without credentials", async () => {
    const { token } = granted(await getToken(berth, berth.authorization));
    const answer = await ask(berth, "", "/.well-known/jwks.json");
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toBe("public, max-age=300");
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
    const { keys } = JSON.parse(answer.body.toString());
    expect(keys).toContainEqual(expect.objectContaining({ kid, kty: "EC", alg: "ES256", use: "sig" }));
    for (const key of keys) expect(key).not.toHaveProperty("d");
  });

  test("has a key before there is any token", async () => {
    const fresh = await startTestBerth();
    try {
      const { keys } = JSON.parse((await ask(fresh, "", "/.well-known/jwks.json")).body.toString());
      expect(keys).toHaveLength(1);
    } finally {
      await fresh.stop();
    }
  });
});
