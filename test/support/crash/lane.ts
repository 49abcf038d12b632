import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "../../../src/composition/storage.ts";
import type { BlobStorage } from "../../../src/registry/ports/index.ts";
import { ADMINISTRATOR, makeTestHome, startTestBerth, type TestBerth, type TestHome } from "../berth.ts";
import { type ChildSettings, type CrashingChild, startChild } from "./child-process.ts";
import { filesOf, type Objects } from "./objects.ts";

/** One database and one storage, on which servers live and die one after another. */
export interface Lane {
  readonly home: TestHome;
  readonly objects: Objects;
  /** The storage of the collector that a test runs itself. */
  readonly storage: BlobStorage;
  /** Points within transactions that need no second try: on which storage the bytes are is nothing to them. */
  readonly tried: Set<string>;
  /** A child that was started while the test was busy otherwise; the next one is under way when it resolves. */
  nextChild(): Promise<{ readonly child: CrashingChild; readonly trace: string | undefined }>;
  /** A server in this process, which knows nothing but what the database and the storage have. */
  restart(): Promise<TestBerth>;
  close(): Promise<void>;
}

/** Without `objects`: on files. */
export async function openLane(given?: Objects): Promise<Lane> {
  const home = await makeTestHome(given?.env);
  const objects = given ?? filesOf(home.dataDir);
  const storage = await openStorage(home.config);
  // Makes the administrator, whom children expect to find.
  await (await startTestBerth({ home })).stop();
  const traces = await mkdtemp(join(tmpdir(), "berth-crash-"));
  let started = 0;
  const start = async (): Promise<{ child: CrashingChild; trace: string | undefined }> => {
    const trace = given === undefined ? join(traces, String(started++)) : undefined;
    if (trace !== undefined) await writeFile(trace, "");
    const { connection } = home;
    const isAlone = given === undefined;
    const child = await startChild({ env: envOf(home, objects), connection, isAlone, trace });
    return { child, trace };
  };
  let next = start();
  next.catch(() => undefined);
  return {
    ...{ home, objects, storage, tried: new Set() },
    async nextChild() {
      const ready = await next;
      next = start();
      next.catch(() => undefined);
      return ready;
    },
    restart: () => startTestBerth({ home }),
    async close() {
      await next.then(({ child }) => child.kill());
      await storage.close();
      await objects.close();
      await home.remove();
      await rm(traces, { recursive: true, force: true });
    },
  };
}

function envOf({ config, dataDir }: TestHome, { env }: Objects): ChildSettings["env"] {
  return {
    BERTH_LISTEN: "127.0.0.1:0",
    BERTH_DATA_DIR: dataDir,
    BERTH_DATABASE_URL: "postgres://provided-by-the-test",
    BERTH_MASTER_KEY: config.masterKey?.toString("base64") ?? "",
    BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
    BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
    ...env,
  };
}
