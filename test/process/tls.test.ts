import { copyFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startBerthProcess, withDataDir } from "../support/process.ts";

const CERTIFICATES = fileURLToPath(new URL("../support/tls", import.meta.url));

test("serves HTTPS with the certificate of the files, and takes a renewed one without a restart", () =>
  withDataDir(async (dataDir) => {
    const home = join(dataDir, "..");
    const files = { cert: join(home, "server.pem"), key: join(home, "server.key") };
    const install = async (name: string): Promise<void> => {
      await copyFile(join(CERTIFICATES, `${name}.key`), files.key);
      await copyFile(join(CERTIFICATES, `${name}.pem`), files.cert);
    };
    await install("first");
    const berth = await startBerthProcess({
      dataDir,
      env: { BERTH_TLS_CERT: files.cert, BERTH_TLS_KEY: files.key },
    });
    expect(berth.url).toMatch(/^https:/);
    const port = Number(new URL(berth.url).port);
    expect(await subjectOf(port)).toBe("first.berth.test");
    await install("second");
    await expect.poll(() => subjectOf(port)).toBe("second.berth.test");
    expect(await ping(port)).toMatch(/^HTTP\/1\.1 401 [\s\S]*realm="https:\/\/localhost\/"/);
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

test("says once which file of a renewed certificate cannot be used, and why, and serves with the old one", () =>
  withDataDir(async (dataDir) => {
    const home = join(dataDir, "..");
    const files = { cert: join(home, "server.pem"), key: join(home, "server.key") };
    const install = (name: string, of: "cert" | "key"): Promise<void> =>
      copyFile(join(CERTIFICATES, `${name}.${of === "cert" ? "pem" : "key"}`), files[of]);
    await install("first", "key");
    await install("first", "cert");
    const berth = await startBerthProcess({
      dataDir,
      env: { BERTH_TLS_CERT: files.cert, BERTH_TLS_KEY: files.key },
    });
    const port = Number(new URL(berth.url).port);
    const warnings = (): readonly Record<string, unknown>[] =>
      berth
        .output()
        .split("\n")
        .filter((line) => line.includes("the renewed TLS certificate is not taken"))
        .map((line) => JSON.parse(line));
    const refused = async (file: string, reason: RegExp, count: number): Promise<void> => {
      await expect.poll(() => warnings().length, { timeout: 5_000 }).toBe(count);
      expect(warnings().at(-1)).toMatchObject({ level: 40, file, reason: expect.stringMatching(reason) });
      expect(await subjectOf(port)).toBe("first.berth.test");
    };
    await writeFile(files.cert, "no certificate");
    await refused(files.cert, /PEM|no start line/i, 1);
    await writeFile(files.cert, "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n");
    await refused(files.cert, /asn1|wrong tag|PEM/i, 2);
    await install("second", "cert");
    await refused(files.key, /key values mismatch/, 3);
    await writeFile(files.key, "no key");
    await refused(files.key, /DECODER|no start line|unsupported/i, 4);
    await rm(files.key);
    await refused(files.key, /^ENOENT/, 5);
    // A change of something else there is no change of the certificate.
    await writeFile(join(home, "other"), "");
    await utimes(files.cert, new Date(), new Date());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(warnings()).toHaveLength(5);
    await install("second", "key");
    await expect.poll(() => subjectOf(port)).toBe("second.berth.test");
    expect(warnings()).toHaveLength(5);
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

test("takes a certificate whose files are replaced by renaming, again and again, without a word", () =>
  withDataDir(async (dataDir) => {
    const home = join(dataDir, "..");
    const files = { cert: join(home, "server.pem"), key: join(home, "server.key") };
    const install = async (name: string): Promise<void> => {
      for (const [to, extension] of [
        [files.key, "key"],
        [files.cert, "pem"],
      ] as const) {
        await copyFile(join(CERTIFICATES, `${name}.${extension}`), `${to}.new`);
        await rename(`${to}.new`, to);
      }
    };
    await install("first");
    const berth = await startBerthProcess({
      dataDir,
      env: { BERTH_TLS_CERT: files.cert, BERTH_TLS_KEY: files.key },
    });
    const port = Number(new URL(berth.url).port);
    for (const name of ["second", "first", "second"]) {
      await install(name);
      await expect.poll(() => subjectOf(port)).toBe(`${name}.berth.test`);
    }
    expect(berth.output()).not.toContain("the renewed TLS certificate is not taken");
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

function subjectOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

/** The status line and challenge of `GET /v2/`: its realm names the scheme that the client used. */
function ping(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      socket.write("GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    socket.on("data", (chunk) => (answer += chunk));
    socket.once("end", () => resolve(answer));
    socket.once("error", reject);
  });
}
