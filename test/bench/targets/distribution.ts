import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, ServerProcess } from "./server-process.ts";
import type { Target } from "./target.ts";

const MODULE = "github.com/distribution/distribution/v3/cmd/registry@v3.0.0";
const DEBIAN = "/usr/bin/docker-registry";

const NOTE =
  "files; lets everybody in, unasked (its own htpasswd would cost a bcrypt per request); in-memory descriptor cache as in " +
  "its own configuration, no access log, no tracing; syncs every file it writes, data and links, but no folders";

/** CNCF distribution v3, built once by Go and kept outside of the repository. */
export async function startDistribution(folder: string): Promise<Target> {
  return start("distribution", await installed(), folder, `v3.0.0, ${NOTE}`);
}

/** Debian's docker-registry, which is distribution 2.8. */
export function startDebian(folder: string): Promise<Target> {
  if (!hasDebian()) throw new Error("apt-get install docker-registry, to measure Debian's registry");
  return start("debian", DEBIAN, folder, `2.8.2 of Debian, ${NOTE}`);
}

export function hasDebian(): boolean {
  return existsSync(DEBIAN);
}

/** Path of the program. The folder and its stamps are those of `.ci/install`. */
async function installed(): Promise<string> {
  const bin = join(process.env["CI_CACHE"] ?? join(homedir(), ".cache/berth-ci"), "bin");
  const [program, stamp] = [join(bin, "registry"), join(bin, "registry.version")];
  const version = await readFile(stamp, "utf8").catch(() => "");
  if (version === MODULE && existsSync(program)) return program;
  process.stderr.write(`installing ${MODULE}; this takes minutes, once\n`);
  await mkdir(bin, { recursive: true });
  await promisify(execFile)("go", ["install", MODULE], { env: { ...process.env, GOBIN: bin, GOFLAGS: "" } });
  await writeFile(stamp, MODULE);
  return program;
}

async function start(name: string, program: string, folder: string, note: string): Promise<Target> {
  const origin = `http://127.0.0.1:${await freePort()}`;
  await mkdir(folder, { recursive: true });
  const file = join(folder, "config.yml");
  await writeFile(file, configuration(join(folder, "data"), new URL(origin).host));
  const server = new ServerProcess({
    command: program,
    args: ["serve", file],
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    cwd: folder,
    log: join(folder, "log"),
  });
  try {
    await server.until(async () => {
      const answer = await fetch(`${origin}/v2/`).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    ...{ name, origin, note, folder },
    authorization: undefined,
    processes: [server.pid],
    stop: () => server.stop(),
  };
}

function configuration(data: string, address: string): string {
  return `version: 0.1
log:
  level: error
  accesslog:
    disabled: true
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: ${data}
  delete:
    enabled: true
http:
  addr: ${address}
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;
}
