import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { basic, startTestBerth } from "../support/berth.ts";
import { expectAnswer, expectError } from "../support/exchange.ts";
import { pushImage } from "../support/push.ts";
import {
  accessOf,
  ask,
  BASIC_HOST,
  BEARER_ENV,
  BEARER_HOST,
  basicOf,
  bearer,
  callEcr,
  createUser,
  getToken,
  granted,
  openToAll,
  postToken,
} from "./caller.ts";

const berth = await startTestBerth({ env: { ...BEARER_ENV, BERTH_ANONYMOUS_PULL: "on" } });
const closed = await startTestBerth({ env: BEARER_ENV });
afterAll(() => Promise.all([berth.stop(), closed.stop()]));

const image = await pushImage(berth, "public/app", "v1", "public");
await pushImage(berth, "private/app", "v1", "private");
const PUBLIC = "/v2/public/app/manifests/v1";
const PUBLIC_PULL = "repository:public/app:pull";

beforeAll(async () => {
  await openToAll(berth, "public/app", ["*"]);
});

describe("without credentials", () => {
  test("the ping is 401 all the same", async () => {
    const answer = await ask(berth, "", "/v2/");
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(/^Bearer /);
  });

  test("so is a manifest that everybody may have: a token comes first", async () => {
    expect((await ask(berth, "", PUBLIC)).status).toBe(401);
  });

  test("a public repository is pulled by a token", async () => {
    const token = granted(await getToken(berth, "", [PUBLIC_PULL]));
    expect(accessOf(token)).toEqual([PUBLIC_PULL]);
    expectAnswer(await ask(berth, bearer(token), PUBLIC), { status: 200, content: image.bytes });
    expect((await ask(berth, bearer(token), "/v2/")).status).toBe(200);
    expect((await ask(berth, bearer(token), "/v2/public/app/tags/list")).status).toBe(200);
  });

  test("nothing but pull is granted, whatever the policy says", async () => {
    const asked = ["repository:public/app:*", "registry:catalog:*"];
    const token = granted(await getToken(berth, "", asked));
    expect(accessOf(token)).toEqual([PUBLIC_PULL]);
    expect((await ask(berth, bearer(token), "/v2/public/app/blobs/uploads/", "POST")).status).toBe(401);
    expect((await ask(berth, bearer(token), PUBLIC, "DELETE")).status).toBe(401);
  });

  test.each(["private/app", "not/there"])(
    "%s asks for credentials, and does not say whether it is there",
    async (name) => {
      const token = granted(await getToken(berth, "", [`repository:${name}:pull`]));
      expect(accessOf(token)).toEqual([]);
      const answer = await ask(berth, bearer(token), `/v2/${name}/manifests/v1`);
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe(
        `Bearer realm="http://${BEARER_HOST}/token",service="${BEARER_HOST}",scope="repository:${name}:pull",error="insufficient_scope"`,
      );
      expectError(answer, "UNAUTHORIZED", "not authorized to perform: ecr:BatchGetImage");
    },
  );

  test("a policy that is taken back ends it", async () => {
    await pushImage(berth, "passing/app", "v1", "passing");
    await openToAll(berth, "passing/app");
    const token = bearer(granted(await getToken(berth, "", ["repository:passing/app:pull"])));
    const path = "/v2/passing/app/manifests/v1";
    expect((await ask(berth, token, path)).status).toBe(200);
    await callEcr(berth, "DeleteRepositoryPolicy", { repositoryName: "passing/app" });
    await vi.waitFor(async () => expect((await ask(berth, token, path)).status).toBe(401), 2_000);
  });

  test("there is no refresh token", async () => {
    const token = granted(await getToken(berth, "", [PUBLIC_PULL], { offline_token: "true" }));
    expect(token).not.toHaveProperty("refresh_token");
  });

  test("a form still has to prove somebody", async () => {
    expect((await postToken(berth, { scope: PUBLIC_PULL })).status).toBe(400);
  });

  test("wrong credentials do not become nobody's", async () => {
    expect((await getToken(berth, basic("AWS", "wrong"), [PUBLIC_PULL])).status).toBe(401);
  });
});

describe("an anonymous token", () => {
  test("is good on bearer hosts alone", async () => {
    const token = bearer(granted(await getToken(berth, "", [PUBLIC_PULL])));
    const answer = await ask(berth, token, PUBLIC, "GET", BASIC_HOST);
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toMatch(/^Basic /);
  });

  test("gets no other token", async () => {
    const { token } = granted(await getToken(berth, "", [PUBLIC_PULL]));
    expect((await getToken(berth, basic("AWS", token), [PUBLIC_PULL])).status).toBe(401);
  });
});

describe("where anonymous pull is off", () => {
  beforeAll(async () => {
    await pushImage(closed, "public/app", "v1", "public");
    await openToAll(closed, "public/app");
  });

  test("nobody gets a token", async () => {
    const answer = await getToken(closed, "", [PUBLIC_PULL]);
    expect(answer.status).toBe(401);
    expectError(answer, "UNAUTHORIZED", "authentication required");
  });

  test("a star is every authenticated principal", async () => {
    const keys = await createUser(closed, "anybody");
    const token = granted(await getToken(closed, basicOf(keys), [PUBLIC_PULL]));
    expect(accessOf(token)).toEqual([PUBLIC_PULL]);
    expect((await ask(closed, bearer(token), PUBLIC)).status).toBe(200);
    expect((await ask(closed, basicOf(keys), PUBLIC, "GET", BASIC_HOST)).status).toBe(200);
  });
});
