import { afterAll, describe, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, deleteRepository, pushBlob } from "../support/push.ts";
import { hexOf, rowsOf } from "../support/rows.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const mount = (target: string, query: string): Promise<Answer> =>
  exchange(berth, { method: "POST", path: `/v2/${target}/blobs/uploads/?${query}` });

function expectMounted(answer: Answer, target: string, digest: string): void {
  expectAnswer(answer, {
    status: 201,
    answers: { Location: `/v2/${target}/blobs/${digest}`, "Docker-Content-Digest": digest },
  });
}

const OBJECTS = `SELECT 1 FROM objects o JOIN blobs b ON b.id = o.blob_id WHERE encode(b.digest, 'hex') = $1`;

/** Marks the bytes of a blob as lost, as a comparison of storage and database does. */
async function lose(digest: string, state: "missing" | "corrupt"): Promise<void> {
  const marked = await rowsOf(
    berth,
    `UPDATE objects SET state = $2
      WHERE blob_id = (SELECT id FROM blobs WHERE encode(digest, 'hex') = $1) RETURNING 1`,
    [hexOf(digest), state],
  );
  expect(marked).toHaveLength(1);
}

/** An upload session and nothing else, whatever the reason. */
function expectUpload(answer: Answer, target: string): void {
  expectAnswer(answer, {
    status: 202,
    answers: {
      Location: new RegExp(`^/v2/${target}/blobs/uploads/[0-9a-f-]{36}$`),
      "Docker-Upload-UUID": /^[0-9a-f-]{36}$/,
      Range: "0-0",
      "Docker-Content-Digest": null,
    },
    content: "",
  });
}

describe("a mount", () => {
  test("from the repository that has the blob moves no bytes", async () => {
    const digest = await pushBlob(berth, "from/app", "mounted");
    expectMounted(await mount("to/app", `mount=${digest}&from=from/app`), "to/app", digest);
    const answer = await exchange(berth, { path: `/v2/to/app/blobs/${digest}` });
    expectAnswer(answer, { status: 200, content: "mounted" });
    expect(await rowsOf(berth, OBJECTS, [hexOf(digest)])).toHaveLength(1);
  });

  test("with percent-encoded values, the other way round, with crane's origin", async () => {
    const digest = await pushBlob(berth, "from/encoded", "mounted in code");
    const query = `from=from%2Fencoded&origin=example.com&mount=${encodeURIComponent(digest)}`;
    expectMounted(await mount("to/encoded", query), "to/encoded", digest);
  });

  test("of a blob that the target has already succeeds, many times at once", async () => {
    const digest = await pushBlob(berth, "from/often", "mounted often");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => mount("to/often", `mount=${digest}&from=from/often`)),
    );
    for (const answer of answers) expectMounted(answer, "to/often", digest);
  });

  test("from the target itself succeeds where the blob is there", async () => {
    const digest = await pushBlob(berth, "from/self", "my own");
    expectMounted(await mount("from/self", `mount=${digest}&from=from/self`), "from/self", digest);
  });

  test("of sha512", async () => {
    const digest = await pushBlob(berth, "from/wide", "mounted wide", "sha512");
    expectMounted(await mount("to/wide", `mount=${digest}&from=from/wide`), "to/wide", digest);
  });

  test("without from finds a repository of the registry that has it", async () => {
    const digest = await pushBlob(berth, "from/somewhere", "mounted from somewhere");
    expectMounted(await mount("to/somewhere", `mount=${digest}`), "to/somewhere", digest);
  });

  test("without from, of a blob that nobody has, is an upload", async () => {
    expectUpload(await mount("to/nobody", `mount=${digestOfText("had by nobody")}`), "to/nobody");
  });

  test("survives the deletion of the blob in its source", async () => {
    const digest = await pushBlob(berth, "from/gone", "source goes");
    await mount("to/stays", `mount=${digest}&from=from/gone`);
    await exchange(berth, { method: "DELETE", path: `/v2/from/gone/blobs/${digest}` });
    const answer = await exchange(berth, { path: `/v2/to/stays/blobs/${digest}` });
    expectAnswer(answer, { status: 200, content: "source goes" });
  });

  test("of a malformed digest is refused", async () => {
    expectAnswer(await mount("to/bad", "mount=sha256:short&from=from/app"), {
      status: 400,
      code: "DIGEST_INVALID",
    });
  });
});

describe("a mount that cannot be is the same upload, whatever the reason", () => {
  const digest = digestOfText("held elsewhere");
  test("the source has no such blob", async () => {
    await pushBlob(berth, "from/elsewhere", "held elsewhere");
    await createRepository(berth, "from/empty");
    expectUpload(await mount("to/x1", `mount=${digest}&from=from/empty`), "to/x1");
  });
  test("there is no such source", async () => {
    expectUpload(await mount("to/x2", `mount=${digest}&from=from/nowhere`), "to/x2");
  });
  test("the source was deleted", async () => {
    await pushBlob(berth, "from/deleted", "held elsewhere");
    await deleteRepository(berth, "from/deleted");
    expectUpload(await mount("to/x3", `mount=${digest}&from=from/deleted`), "to/x3");
  });
  test("the source has a name that no repository can have", async () => {
    expectUpload(await mount("to/x4", `mount=${digest}&from=Not+A+Name`), "to/x4");
  });
  test("the blob is known to be lost", async () => {
    const lost = await pushBlob(berth, "from/lost", "bytes are lost");
    await lose(lost, "missing");
    expectUpload(await mount("to/x5", `mount=${lost}&from=from/lost`), "to/x5");
  });
  test("and the upload that follows succeeds", async () => {
    const answer = await mount("to/x6", `mount=${digest}&from=from/nowhere`);
    const path = `${answer.headers.location}?digest=${digest}`;
    expectAnswer(await exchange(berth, { method: "PUT", path, body: "held elsewhere" }), { status: 201 });
  });
});

test("a blob whose bytes were lost is unknown, and a new push heals it", async () => {
  const content = "lost and healed";
  const digest = await pushBlob(berth, "heal/app", content);
  await lose(digest, "corrupt");
  expect((await exchange(berth, { method: "HEAD", path: `/v2/heal/app/blobs/${digest}` })).status).toBe(404);
  await pushBlob(berth, "heal/app", content);
  const answer = await exchange(berth, { path: `/v2/heal/app/blobs/${digest}` });
  expectAnswer(answer, { status: 200, content });
});
