import { copyFile } from "node:fs/promises";
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
