import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Milliseconds after which a test hangs rather than works, on a machine with five times as much to do as it can. */
const HANGS = 120_000;

/**
 * `unit` needs nothing but the checkout; `server` runs Berth on the embedded PostgreSQL, or on that of
 * TEST_DATABASE_URL. The others start processes or install packages of their own and run from `.ci/run`.
 */
export default defineConfig({
  test: {
    // Vitest itself leaves one core idle, which on two is half of them.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "test/{registry,iam,http,config,gc,kernel,lifecycle,audit,mutation,events}/**/*.test.ts",
            "test/cli/{completion,images,login}/**/*.test.ts",
          ],
          pool: "threads",
          testTimeout: HANGS,
        },
      },
      {
        test: {
          name: "server",
          include: [
            "test/{access,adapters,ecr,oci,process,token,workers}/**/*.test.ts",
            "test/cli/*.test.ts",
          ],
          globalSetup: "test/support/postgres.ts",
          pool: "forks",
          testTimeout: HANGS,
          hookTimeout: HANGS,
        },
      },
      {
        test: {
          name: "proofs",
          include: ["test/{crash,nodes,races,hostile,speed,plans}/**/*.test.ts"],
          globalSetup: "test/support/postgres.ts",
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "fuzz",
          include: ["test/fuzz/**/*.test.ts"],
          globalSetup: "test/support/postgres.ts",
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "memory",
          include: ["test/memory/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
