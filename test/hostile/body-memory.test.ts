import { afterAll, expect, test, vi } from "vitest";
import { BODY_MEMORY } from "../../src/http/body-memory.ts";
import { CONTENT_MEMORY } from "../../src/http/content-memory.ts";
import { layerClient } from "../ecr/support/layers.ts";
import { signedJson } from "../fuzz/signed.ts";
import { ADMINISTRATOR, startTestBerth } from "../support/berth.ts";
import { image } from "../support/manifests.ts";
import { pushBlob, pushManifest } from "../support/push.ts";
import { RawClient, requestText } from "./raw.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const MIB = 1024 * 1024;

async function heldBytes(): Promise<number> {
  const text = await (await berth.fetch("/metrics")).text();
  return Number(/^berth_body_held_bytes (\d+)$/m.exec(text)?.[1]);
}

/** Requests whose bodies never come to their end, sent at once; which of them were answered, and how. */
async function leavePending(count: number, request: Buffer): Promise<{ statuses: number[]; close(): void }> {
  const statuses: number[] = [];
  const clients = Array.from({ length: count }, () => new RawClient(berth.url).send(request));
  for (const client of clients) {
    void client.answer().then(
      (answer) => void (answer !== undefined && statuses.push(answer.status)),
      () => undefined,
    );
  }
  const close = (): void => {
    for (const client of clients) client.close();
  };
  return { statuses, close };
}

/** A head, and a body of which the last byte is missing. */
function allButOneByte(method: string, target: string, headers: readonly string[], bytes: number): Buffer {
  return requestText(method, target, [...headers, `Content-Length: ${bytes}`], Buffer.alloc(bytes - 1, "a"));
}

test("pending forms of strangers hold no more than their share, and a push goes on beside them", async () => {
  const headers = ["Content-Type: application/x-www-form-urlencoded"];
  const { statuses, close } = await leavePending(300, allButOneByte("POST", "/", headers, 64 * 1024));
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(30), 10_000);
  expect(new Set(statuses)).toEqual(new Set([503]));
  expect(await heldBytes()).toBeGreaterThan(BODY_MEMORY.unknown.address / 2);
  expect(await heldBytes()).toBeLessThanOrEqual(BODY_MEMORY.unknown.address);
  const [config, layer] = ["{}", "pushed meanwhile"];
  for (const content of [config, layer]) await pushBlob(berth, "held/app", content);
  await pushManifest(berth, "held/app", image(config, [layer]), "v1");
  close();
  await vi.waitFor(async () => expect(await heldBytes()).toBe(0), 10_000);
});

test("a form of more than 64 KiB is refused, unless its head names a key that exists", async () => {
  const form = (keyId: string) => {
    const date = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
    const scope = `${keyId}/${date.slice(0, 8)}/us-east-1/iam/aws4_request`;
    const claim = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
    const body = "Action=GetUser&Version=2010-05-08&a=".padEnd(100 * 1024, "a");
    const headers = [`Authorization: ${claim}`, `X-Amz-Date: ${date}`, `Content-Length: ${body.length}`];
    return requestText("POST", "/", headers, body);
  };
  const statusOf = async (request: Buffer) => (await new RawClient(berth.url).send(request).answer())?.status;
  expect(await statusOf(form("AKIANOBODYHASTHISKEY1"))).toBe(413);
  expect(await statusOf(form(ADMINISTRATOR.accessKeyId))).toBe(403);
});

test("pending manifests from one address hold no more than its share, and the next ones are told to come again", async () => {
  const headers = [`Authorization: ${berth.authorization}`];
  const target = "/v2/held/app/manifests/v1";
  const { statuses, close } = await leavePending(40, allButOneByte("PUT", target, headers, 4 * MIB));
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(10), 20_000);
  expect(new Set(statuses)).toEqual(new Set([503]));
  expect(await heldBytes()).toBeLessThanOrEqual(BODY_MEMORY.proven.address);
  close();
  await vi.waitFor(async () => expect(await heldBytes()).toBe(0), 10_000);
});

test("pending parts of layers from one address hold no more than its share, and everything else goes on beside them", async () => {
  const client = layerClient(berth, "held/app");
  const uploadId = await client.begin();
  const bytes = Buffer.alloc(10 * MIB, "x");
  const input = { repositoryName: "held/app", ...client.part(uploadId, 0, bytes) };
  const whole = signedJson("UploadLayerPart", JSON.stringify(input));
  const { statuses, close } = await leavePending(12, whole.subarray(0, -1));
  await vi.waitFor(async () => expect(await heldBytes()).toBeGreaterThan(CONTENT_MEMORY.address / 2), 10_000);
  expect(await heldBytes()).toBeLessThanOrEqual(CONTENT_MEMORY.address);
  // Calls with small bodies, and pushes, take nothing of it.
  const other = await client.begin();
  await pushBlob(berth, "held/app", "pushed beside parts");
  // Nobody was refused: they wait.
  expect(statuses).toEqual([]);
  const waiting = client.ask("UploadLayerPart", client.part(other, 0, bytes));
  close();
  expect(await waiting).toMatchObject({ lastByteReceived: bytes.length - 1 });
  await vi.waitFor(async () => expect(await heldBytes()).toBe(0), 10_000);
  // Nothing of what nobody has proven is anywhere.
  expect(await client.ask("UploadLayerPart", client.part(uploadId, 0, Buffer.from("x")))).toMatchObject({
    lastByteReceived: 0,
  });
});
