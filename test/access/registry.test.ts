import { afterAll, describe, expect, test, vi } from "vitest";
import { postgresAccounts } from "../../src/adapters/postgres/iam/index.ts";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { deleteAccessKey } from "../../src/iam/principals/access-keys.ts";
import { putInlinePolicy } from "../../src/iam/principals/inline-policies.ts";
import { basic, makeTestHome, startTestBerth, type TestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { ManualClock, MINUTE } from "../support/clock.ts";
import { type Answer, exchange, expectAnswer, type Sent } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { layerOf, pushBlob, pushImage } from "../support/push.ts";
import { ACCOUNT, allow, callEcr, document, logIn, openScene, type Statement } from "./scene.ts";

const OTHER = "444455556666";
const PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];
const PUSH = [
  ...["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"],
  "ecr:BatchCheckLayerAvailability",
];
const LOG_IN = allow(["ecr:GetAuthorizationToken"]);

// Two nodes of one installation, on a clock that the test moves.
const clock = new ManualClock();
const home = await makeTestHome({ BERTH_TOKEN_LIFETIME: "15m" });
const berth = await startTestBerth({ home, clock });
const second = await startTestBerth({ home, clock });
afterAll(async () => {
  await Promise.all([berth.stop(), second.stop()]);
  await home.remove();
});
const scene = openScene(berth, home, clock);
await scene.makeAccount(OTHER);

const app = await pushImage(berth, "team/app", "v1", "access");
const LAYER = digestOfText(layerOf("access"));
const SECRET = await pushBlob(berth, "secret/vault", "nobody else's business");

const passwordOf = ({ accessKeyId, secretAccessKey }: Credentials): string =>
  basic(accessKeyId, secretAccessKey);
const arnOf = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:user/${name}`;

/** Requests with one `Authorization`. */
function as(authorization: string, node: TestBerth = berth) {
  return (method: string, path: string, more: Omit<Sent, "method" | "path"> = {}): Promise<Answer> =>
    exchange(node, { method, path, ...more, headers: { ...more.headers, authorization } });
}

/** A user with these statements, by its own password. */
async function user(name: string, ...statements: readonly Statement[]) {
  return as(passwordOf(await scene.makeUser(name, statements)));
}

/** Waits for an answer, no longer than a change may take to be in force everywhere. */
async function within1s(request: () => Promise<Answer>, status: number): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await request();
      expect(answer.status, answer.body.toString()).toBe(status);
      return answer;
    },
    { timeout: 1_000, interval: 25 },
  );
}

function refusal(name: string, action: string, repository: string, account = ACCOUNT) {
  return {
    ...{ status: 403, code: "DENIED" },
    says:
      `User: ${arnOf(name, account)} is not authorized to perform: ${action} on resource: ` +
      `arn:aws:ecr:us-east-1:${ACCOUNT}:repository/${repository} because no`,
  };
}

describe("a user that may only pull", async () => {
  const keys = await scene.makeUser("puller", [LOG_IN, allow(PULL, "team/*")]);
  const password = passwordOf(keys);
  const token = await logIn(berth, clock, keys);
  const bearer = `Bearer ${Buffer.from(token.slice("Basic ".length), "base64").toString().slice("AWS:".length)}`;

  describe.each([
    ["by key and secret", password],
    ["by the token of docker login", token],
    ["by that token as a bearer", bearer],
  ])("%s", (_, authorization) => {
    const request = as(authorization);

    test("pulls", async () => {
      expectAnswer(await request("GET", "/v2/"), { status: 200 });
      expectAnswer(await request("GET", "/v2/team/app/manifests/v1"), { status: 200, content: app.bytes });
      expectAnswer(await request("HEAD", `/v2/team/app/blobs/${LAYER}`), { status: 200, method: "HEAD" });
      expectAnswer(await request("GET", `/v2/team/app/blobs/${LAYER}`), {
        ...{ status: 200, content: layerOf("access") },
      });
    });

    test.each([
      ["POST", "blobs/uploads/", "ecr:InitiateLayerUpload"],
      ["PUT", "manifests/v2", "ecr:PutImage"],
      ["DELETE", "manifests/v1", "ecr:BatchDeleteImage"],
      ["GET", "tags/list", "ecr:ListImages"],
    ])("is refused a %s of %s in AWS's words", async (method, path, action) => {
      const answer = await request(method, `/v2/team/app/${path}`, { body: "{}" });
      expectAnswer(answer, refusal("puller", action, "team/app"));
      expect(answer.body.toString()).toContain(
        `because no identity-based policy allows the ${action} action`,
      );
    });

    test("learns nothing of repositories that are none of its business", async () => {
      const wanted = (name: string) => refusal("puller", "ecr:BatchGetImage", name);
      for (const name of ["secret/vault", "secret/absent"]) {
        expectAnswer(await request("GET", `/v2/${name}/manifests/v1`), wanted(name));
      }
    });
  });

  test("may not log in where its policy does not say so", async () => {
    const silent = await scene.makeUser("silent", [allow(PULL)]);
    await expect(logIn(berth, clock, silent)).rejects.toThrow(/GetAuthorizationToken/);
    expectAnswer(await as(passwordOf(silent))("GET", "/v2/team/app/manifests/v1"), { status: 200 });
  });

  test("is told that a wrong password is wrong", async () => {
    const answer = await as(basic(keys.accessKeyId, "wrong"))("GET", "/v2/");
    expectAnswer(answer, {
      ...{ status: 401, code: "UNAUTHORIZED", answers: { "WWW-Authenticate": /^Basic realm=/ } },
    });
  });
});

describe("a token past its time", async () => {
  const keys = await scene.makeUser("late", [LOG_IN, allow([...PULL, ...PUSH], "team/*")]);
  const EXPIRED = {
    ...{ status: 401, code: "DENIED" },
    says: /^Your authorization token has expired\. Reauthenticate and try again\.$/,
    answers: { "WWW-Authenticate": /^Basic realm=/ },
  };

  test("is refused with AWS's text, and a new one is good", async () => {
    const request = as(await logIn(berth, clock, keys));
    clock.advance(15 * MINUTE - 1_000);
    expectAnswer(await request("GET", "/v2/team/app/manifests/v1"), { status: 200 });
    clock.advance(1_000);
    for (const path of ["/v2/", "/v2/team/app/manifests/v1", `/v2/team/app/blobs/${LAYER}`]) {
      expectAnswer(await request("GET", path), EXPIRED);
    }
    expectAnswer(await as(await logIn(berth, clock, keys))("GET", "/v2/team/app/manifests/v1"), {
      ...{ status: 200 },
    });
  });

  test("finishes the upload that it has begun, and begins none", async () => {
    const request = as(await logIn(berth, clock, keys));
    const { headers } = await request("POST", "/v2/team/app/blobs/uploads/");
    const session = headers.location ?? "";
    clock.advance(20 * MINUTE);
    expectAnswer(await request("PATCH", session, { body: "begun in time" }), { status: 202 });
    expectAnswer(await request("GET", session), { status: 204, answers: { Range: "0-12" } });
    expectAnswer(await request("POST", "/v2/team/app/blobs/uploads/"), EXPIRED);
    expectAnswer(await request("PUT", "/v2/team/app/manifests/v2", { body: app.bytes }), EXPIRED);
    const digest = digestOfText("begun in time");
    expectAnswer(await request("PUT", `${session}?digest=${digest}`), { status: 201 });
    expectAnswer(await exchange(berth, { path: `/v2/team/app/blobs/${digest}` }), {
      ...{ status: 200, content: "begun in time" },
    });
  });

  test("has an hour for that", async () => {
    const request = as(await logIn(berth, clock, keys));
    const { headers } = await request("POST", "/v2/team/app/blobs/uploads/");
    const session = headers.location ?? "";
    clock.advance(75 * MINUTE - 1);
    expectAnswer(await request("PATCH", session, { body: "a" }), { status: 202 });
    clock.advance(1);
    expectAnswer(await request("PATCH", session, { body: "b" }), EXPIRED);
  });

  test("does not touch the uploads of others", async () => {
    const other = await scene.makeUser("other-pusher", [LOG_IN, allow(PUSH, "team/*")]);
    const foreign = as(await logIn(berth, clock, other));
    const { headers } = await as(passwordOf(keys))("POST", "/v2/team/app/blobs/uploads/");
    clock.advance(20 * MINUTE);
    expectAnswer(await foreign("PATCH", headers.location ?? "", { body: "x" }), {
      ...{ status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    });
  });
});

describe("a change is in force on every node within a second", () => {
  const SHARED = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${OTHER}:root` },
    Action: PULL,
  };

  test("a repository is shared with another account, and taken back", async () => {
    await pushImage(berth, "shared/app", "v1", "shared");
    const keys = await scene.makeUser("guest", [LOG_IN, allow(["ecr:*"])], OTHER);
    const token = await logIn(second, clock, keys);
    const nodes = [as(token, berth), as(token, second)];
    const wanted = refusal("guest", "ecr:BatchGetImage", "shared/app", OTHER);
    for (const request of nodes) expectAnswer(await request("GET", "/v2/shared/app/manifests/v1"), wanted);

    const repositoryName = "shared/app";
    const policyText = document(SHARED);
    await callEcr(berth, clock, "SetRepositoryPolicy", { repositoryName, policyText });
    await Promise.all(
      nodes.map((request) => within1s(() => request("GET", "/v2/shared/app/manifests/v1"), 200)),
    );
    for (const request of nodes) {
      expectAnswer(await request("GET", "/v2/team/app/manifests/v1"), { status: 403, code: "DENIED" });
      expectAnswer(await request("PUT", "/v2/shared/app/manifests/v2", { body: "{}" }), {
        ...refusal("guest", "ecr:PutImage", "shared/app", OTHER),
      });
    }

    await callEcr(second, clock, "DeleteRepositoryPolicy", { repositoryName });
    const answers = await Promise.all(
      nodes.map((request) => within1s(() => request("GET", "/v2/shared/app/manifests/v1"), 403)),
    );
    for (const answer of answers) expectAnswer(answer, wanted);
  });

  test("a deleted key ends its token", async () => {
    const keys = await scene.makeUser("leaver", [LOG_IN, allow(PULL)]);
    const token = await logIn(berth, clock, keys);
    const nodes = [berth, second].flatMap((node) => [as(token, node), as(passwordOf(keys), node)]);
    const pull = (request: ReturnType<typeof as>) => request("GET", "/v2/team/app/manifests/v1");
    for (const request of nodes) expectAnswer(await pull(request), { status: 200 });
    await scene.change((change) => deleteAccessKey(change, "leaver", keys.accessKeyId));
    const answers = await Promise.all(nodes.map((request) => within1s(() => pull(request), 401)));
    for (const answer of answers) {
      expectAnswer(answer, { status: 401, code: "UNAUTHORIZED", says: "the credentials are not valid" });
    }
  });

  test("a policy that is taken away", async () => {
    const keys = await scene.makeUser("demoted", [allow(PULL)]);
    const nodes = [berth, second].map((node) => as(passwordOf(keys), node));
    const pull = (request: ReturnType<typeof as>) => request("GET", "/v2/team/app/manifests/v1");
    for (const request of nodes) expectAnswer(await pull(request), { status: 200 });
    const nothing = { name: "given", document: document(LOG_IN) };
    await scene.change((change) => putInlinePolicy(change, "user", "demoted", nothing));
    await Promise.all(nodes.map((request) => within1s(() => pull(request), 403)));
  });

  test("a disabled account, until it is enabled", async () => {
    const account = "777788889999";
    await scene.makeAccount(account);
    const keys = await scene.makeUser("member", [allow(["ecr:*"])], account);
    const ping = (node: TestBerth) => () => as(passwordOf(keys), node)("GET", "/v2/");
    for (const node of [berth, second]) expectAnswer(await ping(node)(), { status: 200 });
    const accounts = postgresAccounts(berth.database);
    await accounts.setDisabled(account, true, CAUSE, new Date());
    await Promise.all([berth, second].map((node) => within1s(ping(node), 401)));
    await accounts.setDisabled(account, false, CAUSE, new Date());
    await Promise.all([berth, second].map((node) => within1s(ping(node), 200)));
  });

  test("a repository that is made anew under the name of a shared one is not shared", async () => {
    await pushImage(berth, "shared/again", "v1", "again");
    const keys = await scene.makeUser("returning", [allow(["ecr:*"])], OTHER);
    const repositoryName = "shared/again";
    await callEcr(berth, clock, "SetRepositoryPolicy", { repositoryName, policyText: document(SHARED) });
    const pull = () => as(passwordOf(keys))("GET", "/v2/shared/again/manifests/v1");
    await within1s(pull, 200);
    await callEcr(berth, clock, "DeleteRepository", { repositoryName, force: true });
    await pushImage(berth, "shared/again", "v1", "again");
    await within1s(pull, 403);
  });
});

describe("a mount", async () => {
  const request = await user("mounter", allow(PUSH, "mine/*"), allow(["ecr:CreateRepository"], "mine/*"));
  const mount = (digest: string, from: string) =>
    request("POST", `/v2/mine/app/blobs/uploads/?mount=${digest}${from === "" ? "" : `&from=${from}`}`);
  const ABSENT = digestOfText("what no repository has");

  test.each(["secret/vault", "secret/absent", ""])(
    "from %j reveals nothing of what may not be pulled",
    async (from) => {
      const hidden = await mount(SECRET, from);
      const absent = await mount(ABSENT, from);
      expectAnswer(hidden, { status: 202, answers: { "Docker-Content-Digest": null } });
      expectAnswer(absent, { status: 202 });
      expect(Object.keys(hidden.headers).sort()).toEqual(Object.keys(absent.headers).sort());
      expectAnswer(await request("HEAD", `/v2/mine/app/blobs/${SECRET}`), { status: 404, method: "HEAD" });
    },
  );

  test("comes about for whoever may pull there", async () => {
    const policies = document(allow(PUSH, "mine/*"), allow(["ecr:GetDownloadUrlForLayer"], "secret/vault"));
    const policy = { name: "given", document: policies };
    await scene.change((change) => putInlinePolicy(change, "user", "mounter", policy));
    await within1s(() => mount(SECRET, "secret/vault"), 201);
    expectAnswer(await mount(SECRET, "secret/absent"), { status: 202 });
  });
});

describe("a push to a repository that does not exist", async () => {
  const pusher = await user("pusher", allow(PUSH));
  const creator = await user("creator", allow([...PUSH, "ecr:CreateRepository"], "made/*"));
  const path = (name: string) => `/v2/${name}/blobs/uploads/`;

  test("needs ecr:CreateRepository on it, and says so", async () => {
    const says = "ecr:CreateRepository, by which a push would create it, is not allowed";
    expectAnswer(await pusher("POST", path("made/by-pusher")), { status: 404, code: "NAME_UNKNOWN", says });
    const manifest = await pusher("PUT", "/v2/made/by-pusher/manifests/v1", {
      ...{ headers: { "content-type": app.mediaType }, body: app.bytes },
    });
    expectAnswer(manifest, { status: 404, code: "NAME_UNKNOWN", says });
    expectAnswer(await pusher("POST", `${path("made/by-pusher")}?mount=${LAYER}&from=team/app`), {
      ...{ status: 404, code: "NAME_UNKNOWN" },
    });
    expectAnswer(await creator("POST", path("made/by-creator")), { status: 202 });
    const { body } = await exchange(berth, { path: "/v2/_catalog" });
    expect(body.toString()).toContain("made/by-creator");
    expect(body.toString()).not.toContain("made/by-pusher");
  });

  test("is a matter of pushing alone once it exists", async () => {
    expectAnswer(await creator("POST", path("made/before")), { status: 202 });
    expectAnswer(await pusher("POST", path("made/before")), { status: 202 });
  });

  test("is denied before that where it may not be pushed to", async () => {
    expectAnswer(await creator("POST", path("else/where")), {
      ...refusal("creator", "ecr:InitiateLayerUpload", "else/where"),
    });
  });
});

describe("the head of a blob", async () => {
  const checker = await user("checker", allow(["ecr:BatchCheckLayerAvailability"]));
  const downloader = await user("downloader", allow(["ecr:GetDownloadUrlForLayer"]));
  const neither = await user("neither", allow(["ecr:BatchGetImage"]));
  const path = `/v2/team/app/blobs/${LAYER}`;

  test("takes either of two permissions, its bytes only the second", async () => {
    for (const request of [checker, downloader]) {
      expectAnswer(await request("HEAD", path), { status: 200, method: "HEAD" });
    }
    expectAnswer(await downloader("GET", path), { status: 200, content: layerOf("access") });
    expectAnswer(await checker("GET", path), refusal("checker", "ecr:GetDownloadUrlForLayer", "team/app"));
    expectAnswer(await neither("HEAD", path), { status: 403, method: "HEAD" });
  });
});
