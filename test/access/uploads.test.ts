import { afterAll, describe, test } from "vitest";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock } from "../support/clock.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, pushBlob } from "../support/push.ts";
import { ACCOUNT, allow, openScene } from "./scene.ts";

const clock = new ManualClock();
const home = await makeTestHome();
const berth = await startTestBerth({ home, clock });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const scene = openScene(berth, home, clock);
await createRepository(berth, "team/app");
const SHARED = await pushBlob(berth, "team/base", "a layer that all may pull");
const CONTENT = "bytes of a layer";
const DIGEST = digestOfText(CONTENT);

const START = "ecr:InitiateLayerUpload";
const BYTES = "ecr:UploadLayerPart";
const COMPLETE = "ecr:CompleteLayerUpload";
const PULL = allow(["ecr:GetDownloadUrlForLayer"]);

type Request = (
  method: string,
  path: string,
  body?: string,
  more?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** Requests of a user who may do this, and pull. */
async function userWho(name: string, ...actions: readonly string[]): Promise<Request> {
  const { accessKeyId, secretAccessKey } = await scene.makeUser(name, [allow(actions), PULL]);
  const authorization = basic(accessKeyId, secretAccessKey);
  return (method, path, body, more = {}) =>
    exchange(berth, {
      method,
      path,
      headers: { ...more, authorization },
      ...(body === undefined ? {} : { body }),
    });
}

const starter = await userWho("starter", START);
const sender = await userWho("sender", START, BYTES);
const completer = await userWho("completer", START, COMPLETE);
const pusher = await userWho("pusher", START, BYTES, COMPLETE);

const denied = (action: string) => ({
  ...{ status: 403, code: "DENIED" },
  says: `is not authorized to perform: ${action} on resource: arn:aws:ecr:us-east-1:${ACCOUNT}:repository/team/app`,
});
const UPLOADS = "/v2/team/app/blobs/uploads/";

async function sessionOf(request: Request): Promise<string> {
  const answer = await request("POST", UPLOADS);
  expectAnswer(answer, { status: 202 });
  return answer.headers.location ?? "";
}

async function expectNoBlob(digest: string): Promise<void> {
  expectAnswer(await exchange(berth, { method: "HEAD", path: `/v2/team/app/blobs/${digest}` }), {
    ...{ status: 404, method: "HEAD" },
  });
}

describe("an upload in one POST", () => {
  test.each([
    ["send", "complete", completer, BYTES],
    ["complete", "send", sender, COMPLETE],
    ["send or complete", "start", starter, BYTES],
  ])("is refused to who may not %s layers though he may %s them", async (_, __, request, action) => {
    expectAnswer(await request("POST", `${UPLOADS}?digest=${DIGEST}`, CONTENT), denied(action));
    await expectNoBlob(DIGEST);
  });

  test("without bytes is refused to who may not send layers all the same", async () => {
    const digest = digestOfText("");
    expectAnswer(await completer("POST", `${UPLOADS}?digest=${digest}`), denied(BYTES));
    await expectNoBlob(digest);
  });

  test("that asks for a mount as well is refused before either", async () => {
    const path = `${UPLOADS}?mount=${SHARED}&from=team/base&digest=${DIGEST}`;
    expectAnswer(await sender("POST", path, CONTENT), denied(COMPLETE));
    await expectNoBlob(SHARED);
  });

  test("makes no repository where it is refused", async () => {
    const creator = await userWho("creator", START, BYTES, "ecr:CreateRepository");
    const answer = await creator("POST", `/v2/team/none/blobs/uploads/?digest=${DIGEST}`, CONTENT);
    expectAnswer(answer, { status: 403, code: "DENIED" });
    expectAnswer(await exchange(berth, { path: "/v2/team/none/tags/list" }), { status: 404 });
  });
});

describe("the closing PUT", () => {
  test("with bytes is refused to who may not send layers", async () => {
    const session = await sessionOf(completer);
    expectAnswer(await completer("PUT", `${session}?digest=${DIGEST}`, CONTENT), denied(BYTES));
    await expectNoBlob(DIGEST);
  });

  test("with bytes of unknown number is refused to who may not send layers", async () => {
    const session = await sessionOf(completer);
    const chunked = { "transfer-encoding": "chunked" };
    expectAnswer(await completer("PUT", `${session}?digest=${DIGEST}`, CONTENT, chunked), denied(BYTES));
    await expectNoBlob(DIGEST);
  });

  test("without bytes is refused to who may not complete layers", async () => {
    const session = await sessionOf(sender);
    expectAnswer(await sender("PATCH", session, CONTENT), { status: 202 });
    expectAnswer(await sender("PUT", `${session}?digest=${DIGEST}`), denied(COMPLETE));
    await expectNoBlob(DIGEST);
  });
});

test("a PATCH is refused to who may not send layers", async () => {
  expectAnswer(await completer("PATCH", await sessionOf(completer), CONTENT), denied(BYTES));
});

describe("a mount", () => {
  const path = `${UPLOADS}?mount=${SHARED}&from=team/base`;

  test("is an upload for who may not complete layers", async () => {
    expectAnswer(await sender("POST", path), { status: 202, answers: { "Docker-Content-Digest": null } });
    await expectNoBlob(SHARED);
  });

  test("needs no permission to send layers, for none are sent", async () => {
    expectAnswer(await completer("POST", path), { status: 201 });
  });
});

test("who may start, send and complete layers uploads them in every way", async () => {
  const post = "in one request";
  expectAnswer(await pusher("POST", `${UPLOADS}?digest=${digestOfText(post)}`, post), { status: 201 });
  const put = await sessionOf(pusher);
  expectAnswer(await pusher("PUT", `${put}?digest=${DIGEST}`, CONTENT), { status: 201 });
});
