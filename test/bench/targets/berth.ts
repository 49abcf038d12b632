import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { parentOf } from "../measure/cpu.ts";
import { ServerProcess } from "./server-process.ts";
import { basic, type Target } from "./target.ts";

export type BerthMode = "embedded" | "postgres" | "s3";

export interface BerthOptions {
  readonly name: string;
  readonly mode: BerthMode;
  readonly processes: number;
  /** The tree of Berth's sources. */
  readonly checkout: string;
  readonly folder: string;
  /** Folder for CPU profiles of all its processes, written when it stops. */
  readonly cpuProfiles: string | undefined;
  /** For `postgres`: instead of a fresh database on TEST_DATABASE_URL. */
  readonly databaseUrl?: string;
  /** Settings beside its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** URL of a module that Node loads before Berth. */
  readonly preload?: string;
}

/** Of every Berth that is measured. */
export const ADMINISTRATOR = {
  accessKeyId: "AKIABENCHADMINISTRATOR",
  secretAccessKey: "bench-secret-of-the-administrator",
};

const FILES = "syncs each blob's file and folder";

const STORES: Readonly<Record<BerthMode, readonly [what: string, synced: string]>> = {
  embedded: ["embedded PostgreSQL and files", FILES],
  postgres: ["external PostgreSQL and files", FILES],
  s3: [
    "external PostgreSQL and an S3 bucket (whose server's CPU time is not counted)",
    "has each blob in S3",
  ],
};

/** Berth as a user starts it: `berth start`, with credentials that every request presents. */
export async function startBerth(options: BerthOptions): Promise<Target> {
  const { name, mode, processes, folder, checkout, cpuProfiles } = options;
  const [stores, synced] = STORES[mode];
  await mkdir(folder, { recursive: true });
  const database = await databaseOf(options);
  const profiling = cpuProfiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${cpuProfiles}`];
  const preloading = options.preload === undefined ? [] : ["--import", options.preload];
  const server = new ServerProcess({
    command: process.execPath,
    args: [...profiling, ...preloading, join(checkout, "src/cli/launch.js"), "start"],
    env: { ...inherited(), ...settings(options), ...database.settings, WEB_CONCURRENCY: String(processes) },
    cwd: checkout,
    log: join(folder, "log"),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await database.drop();
  };
  try {
    const origin = await server.until(async () => {
      const log = await readFile(join(folder, "log"), "utf8");
      return /^listening on (http:\S+)$/m.exec(log)?.[1];
    });
    return {
      ...{ name, origin, folder, stop },
      authorization: basic(`${ADMINISTRATOR.accessKeyId}:${ADMINISTRATOR.secretAccessKey}`),
      processes: [server.pid, ...database.processes],
      note:
        `${processes} process${processes === 1 ? "" : "es"}, ${stores}; authenticates and authorizes every request; ` +
        `${synced}, and each blob and manifest committed to PostgreSQL's synced log, before it answers`,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_")));
}

function settings({ folder, mode, env }: BerthOptions): Readonly<Record<string, string>> {
  return {
    BERTH_LISTEN: "127.0.0.1:0",
    BERTH_DATA_DIR: join(folder, "data"),
    BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
    BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
    ...(mode === "s3" ? bucket() : {}),
    ...env,
  };
}

function bucket(): Readonly<Record<string, string>> {
  return {
    BERTH_S3_ENDPOINT: needed("TEST_S3_ENDPOINT"),
    BERTH_S3_BUCKET: needed("TEST_S3_BUCKET"),
    BERTH_S3_ACCESS_KEY_ID: needed("TEST_S3_ACCESS_KEY_ID"),
    BERTH_S3_SECRET_ACCESS_KEY: needed("TEST_S3_SECRET_ACCESS_KEY"),
  };
}

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} is not set: run this below .ci/with-services, or use --berth-mode embedded`);
  }
  return value;
}

interface BenchDatabase {
  readonly settings: Readonly<Record<string, string>>;
  readonly processes: readonly number[];
  drop(): Promise<void>;
}

async function databaseOf({ mode, databaseUrl }: BerthOptions): Promise<BenchDatabase> {
  if (mode === "embedded") return { settings: {}, processes: [], drop: async () => undefined };
  const masterKey = { BERTH_MASTER_KEY: randomBytes(32).toString("base64") };
  if (databaseUrl !== undefined) {
    const settings = { ...masterKey, BERTH_DATABASE_URL: databaseUrl };
    return { settings, processes: [], drop: async () => undefined };
  }
  const server = new URL(needed("TEST_DATABASE_URL"));
  const name = `bench_${randomBytes(5).toString("hex")}`;
  const backend = await query(server.href, `CREATE DATABASE ${name}`, "SELECT pg_backend_pid() AS pid");
  const postmaster = parentOf(Number(backend?.["pid"]));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    settings: { ...masterKey, BERTH_DATABASE_URL: url.href },
    processes: postmaster === undefined || postmaster <= 1 ? [] : [postmaster],
    async drop() {
      await query(server.href, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** First row of the last statement. */
async function query(
  url: string,
  ...statements: readonly string[]
): Promise<Record<string, unknown> | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let row: Record<string, unknown> | undefined;
    for (const statement of statements) row = (await client.query(statement)).rows[0];
    return row;
  } finally {
    await client.end();
  }
}
