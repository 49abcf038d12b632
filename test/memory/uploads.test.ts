import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { describe, expect, test } from "vitest";
import { ADMINISTRATOR, basic } from "../support/berth.ts";
import { type BerthProcess, startBerthProcess, withDataDir } from "../support/process.ts";
import { externalServices } from "../support/services.ts";

/** Bytes of one upload: 256 MiB, 1 GiB for `npm run test:load`. */
const SIZE = process.env["LOAD_SIZE"] === "1G" ? 1024 ** 3 : 256 * 1024 ** 2;
const PARALLEL = 10;
const RESIDENT_MAX = 512 * 1024 ** 2;
/** What a commit may read and write: its own requests and rows, never a blob. */
const COMMIT_IO_MAX = 512 * 1024;

const services = await externalServices();
const nodes = [
  { name: "files and the embedded database", env: {} },
  ...(services === undefined ? [] : [{ name: "S3 and PostgreSQL", env: services.env }]),
];

describe.each(nodes)("$name", ({ env }) => {
  test(`${PARALLEL} parallel uploads of ${SIZE / 1024 ** 2} MiB stay below 512 MiB of memory`, () =>
    withDataDir(async (dataDir) => {
      const berth = await startBerthProcess({ dataDir, env });
      const digests = await Promise.all(
        Array.from({ length: PARALLEL }, (_, seed) => uploadBySession(berth, seed, SIZE)),
      );
      const peak = await peakResident(berth.pid);
      for (const digest of digests) {
        const head = await berth.fetch(`/v2/load/blobs/${digest}`, { method: "HEAD" });
        expect(head.headers.get("content-length")).toBe(String(SIZE));
      }
      await berth.end("SIGTERM");
      console.log(`peak resident memory: ${Math.round(peak / 1024 ** 2)} MiB`);
      expect(peak).toBeLessThan(RESIDENT_MAX);
    }));

  test("a commit moves no bytes, whatever the size of the blob", () =>
    withDataDir(async (dataDir) => {
      const berth = await startBerthProcess({ dataDir, env });
      await uploadBySession(berth, 90, 1024);
      const moved: number[] = [];
      for (const [seed, size] of [1024 ** 2, 64 * 1024 ** 2].entries()) {
        const { location, digest } = await patch(berth, 100 + seed, size);
        const before = await movedBytes(berth.pid);
        await commit(berth, location, digest);
        moved.push((await movedBytes(berth.pid)) - before);
      }
      await berth.end("SIGTERM");
      console.log(`bytes moved by commits of 1 MiB and 64 MiB: ${moved.join(", ")}`);
      for (const bytes of moved) expect(bytes).toBeLessThan(COMMIT_IO_MAX);
    }));
});

async function uploadBySession(berth: BerthProcess, seed: number, size: number): Promise<string> {
  const { location, digest } = await patch(berth, seed, size);
  await commit(berth, location, digest);
  return digest;
}

async function patch(
  berth: BerthProcess,
  seed: number,
  size: number,
): Promise<{ location: string; digest: string }> {
  const session = await berth.fetch("/v2/load/blobs/uploads/", { method: "POST" });
  const location = session.headers.get("location") ?? "";
  const { response, digest } = await stream(berth, location, seed, size);
  expect(response).toBe(202);
  return { location, digest };
}

async function commit(berth: BerthProcess, location: string, digest: string): Promise<void> {
  const answer = await berth.fetch(`${location}?digest=${digest}`, { method: "PUT" });
  expect(answer.status).toBe(201);
}

/** Sends `size` bytes that no two seeds share, chunked, as docker does. */
async function stream(
  berth: BerthProcess,
  location: string,
  seed: number,
  size: number,
): Promise<{ response: number | undefined; digest: string }> {
  const outgoing: ClientRequest = request(new URL(location, berth.url), {
    method: "PATCH",
    headers: { authorization: basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey) },
  });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(Math.min(size, 256 * 1024), `seed ${seed} `);
  for (let at = 0; at < size; at += chunk.length) {
    const part = Buffer.from(chunk.subarray(0, Math.min(chunk.length, size - at)));
    part.writeDoubleLE(at, 0);
    hash.update(part);
    if (!outgoing.write(part)) await once(outgoing, "drain");
  }
  outgoing.end();
  const [response] = await answered;
  response.resume();
  return { response: response.statusCode, digest: `sha256:${hash.digest("hex")}` };
}

async function peakResident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Bytes that the process has read and written so far, files and sockets alike. */
async function movedBytes(pid: number): Promise<number> {
  const io = await readFile(`/proc/${pid}/io`, "utf8");
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1]) + Number(/^wchar: (\d+)$/m.exec(io)?.[1]);
}
