import { onTestFinished } from "vitest";
import type { Database } from "../../src/adapters/postgres/database.ts";
import type { DatabaseConnection } from "../../src/composition/state.ts";
import {
  makeTestHome,
  startTestBerth,
  type TestBerth,
  type TestBerthOptions,
  type TestHome,
} from "../support/berth.ts";
import { filesOf, type Objects, realObjects, standInObjects } from "../support/crash/objects.ts";
import { until } from "../support/embedded.ts";
import { rowsOf } from "../support/rows.ts";

/** Storages that two nodes may share. */
export const STORAGES = ["filesystem", "s3"] as const;
export type SharedStorage = (typeof STORAGES)[number];

/** A database and a storage for two nodes, gone after the test. */
export interface SharedHome {
  readonly home: TestHome;
  readonly objects: Objects;
}

export async function makeSharedHome(storage: SharedStorage): Promise<SharedHome> {
  const given = storage === "s3" ? ((await realObjects()) ?? (await standInObjects())) : undefined;
  const home = await makeTestHome(given?.env);
  const objects = given ?? filesOf(home.dataDir);
  onTestFinished(() => objects.close());
  onTestFinished(() => home.remove());
  return { home, objects };
}

/** A node in this process. */
export async function startNodeOn(
  home: TestHome,
  options: Omit<TestBerthOptions, "home"> = {},
): Promise<TestBerth> {
  const node = await startTestBerth({ home, shared: true, ...options });
  onTestFinished(() => node.stop());
  return node;
}

/** Waits until the session's current attempt has this number. */
export async function attemptBegan(node: TestBerth, path: string, version: number): Promise<void> {
  const id = path.split("/").at(-1);
  await until(`attempt ${version} has begun`, async () => {
    const [row] = await rowsOf<{ readonly version: number }>(
      node,
      "SELECT version FROM uploads WHERE id = $1",
      [id],
    );
    return row?.version === version;
  });
}

/** A database that notes the names of the statements that have ended. */
export function listening(database: Database, ended: string[]): Database {
  return {
    ...database,
    async run<Row>(statement: Parameters<Database["run"]>[0], values: readonly unknown[]) {
      const rows = await database.run<Row>(statement, values);
      ended.push(statement.name);
      return rows;
    },
  };
}

/** Something that holds whoever comes to it first until it is opened. */
export interface Barrier {
  /** Resolves when somebody is held. */
  readonly reached: Promise<void>;
  pass(): Promise<void>;
  open(): void;
}

export function makeBarrier(): Barrier {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let isFirst = true;
  return {
    reached: reached.promise,
    async pass() {
      if (!isFirst) return;
      isFirst = false;
      reached.resolve();
      await opened.promise;
    },
    open: () => opened.resolve(),
  };
}

/** The URL of a connection, for a process of its own. */
export function urlOf({ main }: DatabaseConnection): string {
  if (main.connectionString !== undefined) return main.connectionString;
  const { user = "", password = "", host = "", port = 5432, database = "" } = main;
  const secret = typeof password === "string" && password !== "" ? `:${encodeURIComponent(password)}` : "";
  return `postgres://${encodeURIComponent(user)}${secret}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}
