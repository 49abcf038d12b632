import { createHash, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ADMINISTRATOR, basic } from "../support/berth.ts";
import { type BerthProcess, startBerthProcess, withDataDir } from "../support/process.ts";

test("a first start prints where it listens, the administrator's key and the commands of a first push", () =>
  withDataDir(async (dataDir) => {
    const first = await startBerthProcess({ dataDir, generated: { accessKeyId: "", secretAccessKey: "" } });
    const output = first.output();
    const user = /access key id +(\S+)/.exec(output)?.[1] ?? "";
    const secret = /secret access key +(\S+)/.exec(output)?.[1] ?? "";
    const host = new URL(first.url).host;
    expect(output).toContain(`docker login -u ${user} ${host}`);
    expect(output).toContain(`docker push ${host}/hello:1`);
    await first.end("SIGTERM");
    const file = join(dataDir, "administrator.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ accessKeyId: user, secretAccessKey: secret });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const second = await startBerthProcess({
      dataDir,
      generated: { accessKeyId: user, secretAccessKey: secret },
    });
    expect(second.output()).not.toContain(secret);
    expect(second.output()).toContain(`${user}; the secret is in ${file}`);
    expect((await second.fetch("/v2/")).status).toBe(200);
    expect(await second.end("SIGTERM")).toBe(0);
  }));

test("a second Berth on the same data directory is refused by name, and the first goes on", () =>
  withDataDir(async (dataDir) => {
    const first = await startBerthProcess({ dataDir });
    await expect(startBerthProcess({ dataDir })).rejects.toThrow(
      new RegExp(`${dataDir}.* in use by .*${first.pid}`),
    );
    expect((await first.fetch("/readyz")).status).toBe(200);
    expect(await first.end("SIGTERM")).toBe(0);
  }));

test("killed in the middle of a push, it starts again, the same push succeeds, and the image is whole", () =>
  withDataDir(async (dataDir) => {
    const layer = randomBytes(6 * 1024 * 1024);
    const first = await startBerthProcess({ dataDir });
    const kept = await pushBlob(first, Buffer.from("acknowledged before the crash"));
    const { half, failed } = await startHalf(first, layer);
    await first.end("SIGKILL");
    half.destroy();
    await failed;

    const second = await startBerthProcess({ dataDir });
    expect((await second.fetch(`/v2/app/blobs/${kept}`, { method: "HEAD" })).status).toBe(200);
    const digest = sha256(layer);
    expect((await second.fetch(`/v2/app/blobs/${digest}`, { method: "HEAD" })).status).toBe(404);
    await pushBlob(second, layer);
    const config = await pushBlob(second, Buffer.from("{}"));
    const manifest = imageManifest(config, 2, digest, layer.length);
    const put = await second.fetch("/v2/app/manifests/1", {
      method: "PUT",
      headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
      body: manifest,
    });
    expect(put.status).toBe(201);
    expect(await (await second.fetch("/v2/app/manifests/1")).text()).toBe(manifest);
    const pulled = Buffer.from(await (await second.fetch(`/v2/app/blobs/${digest}`)).arrayBuffer());
    expect(pulled.equals(layer)).toBe(true);
    expect(await second.end("SIGTERM")).toBe(0);
  }));

test("on SIGTERM requests in flight finish, readiness is refused, and the process ends with 0", () =>
  withDataDir(async (dataDir) => {
    const berth = await startBerthProcess({ dataDir });
    await pushBlob(berth, Buffer.from("makes the repository"));
    const body = randomBytes(300_000);
    const location = (await berth.fetch("/v2/app/blobs/uploads/", { method: "POST" })).headers.get(
      "location",
    );
    const answer = new Promise<number | undefined>((resolve, reject) => {
      const patch = request(new URL(location ?? "", berth.url), {
        method: "PATCH",
        headers: { authorization: authorizationOf(), "content-length": body.length },
      });
      patch.once("response", (response) => resolve(response.resume().statusCode));
      patch.once("error", reject);
      patch.write(body.subarray(0, 100_000), () => {
        void draining(berth).then(() => patch.end(body.subarray(100_000)));
      });
    });
    await expect(answer).resolves.toBe(202);
    expect(await berth.end("SIGTERM")).toBe(0);
    expect(berth.output()).not.toMatch(/"level":[45]0/);
  }));

/** Sends SIGTERM and waits until readiness says so. */
async function draining(berth: BerthProcess): Promise<void> {
  process.kill(berth.pid, "SIGTERM");
  for (;;) {
    const ready = await fetch(new URL("/readyz", berth.url)).catch(() => undefined);
    if (ready === undefined || ready.status === 503) return;
  }
}

/** Begins a PATCH and resolves when the server has most of its bytes; the request is never completed. */
async function startHalf(
  berth: BerthProcess,
  layer: Buffer,
): Promise<{ half: ReturnType<typeof request>; failed: Promise<void> }> {
  const location = (await berth.fetch("/v2/app/blobs/uploads/", { method: "POST" })).headers.get("location");
  const half = request(new URL(location ?? "", berth.url), {
    method: "PATCH",
    headers: { authorization: authorizationOf(), "content-length": layer.length },
  });
  const failed = new Promise<void>((resolve) =>
    half.once("error", () => resolve()).once("close", () => resolve()),
  );
  await new Promise<void>((resolve) => half.write(layer.subarray(0, layer.length - 1000), () => resolve()));
  return { half, failed };
}

async function pushBlob(berth: BerthProcess, bytes: Buffer): Promise<string> {
  const digest = sha256(bytes);
  const answer = await berth.fetch(`/v2/app/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    body: new Uint8Array(bytes),
  });
  expect(answer.status).toBe(201);
  return digest;
}

function imageManifest(config: string, configSize: number, layer: string, layerSize: number): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: configSize },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: layer, size: layerSize }],
  });
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function authorizationOf(): string {
  return basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey);
}
