import { defineConfig } from "vitest/config";

/** Some tests hold real processes to real time; on a machine that others use as well, one late answer is no verdict. */
const retry = process.env["CI"] === "true" ? 2 : 0;

/**
 * `unit` needs nothing but the checkout; `server` runs Berth on the embedded PostgreSQL, or on that of
 * TEST_DATABASE_URL. The others start processes or install packages of their own and run from `.ci/run`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          retry,
          include: [
            "test/{registry,iam,http,config,gc}/**/*.test.ts",
            "test/cli/{images,login}/**/*.test.ts",
          ],
          pool: "threads",
        },
      },
      {
        test: {
          name: "server",
          retry,
          include: ["test/{access,adapters,oci,process,token,workers}/**/*.test.ts", "test/cli/*.test.ts"],
          globalSetup: "test/support/postgres.ts",
          pool: "forks",
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "proofs",
          retry,
          include: ["test/{crash,nodes,races,hostile}/**/*.test.ts"],
          globalSetup: "test/support/postgres.ts",
          pool: "forks",
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "memory",
          retry,
          include: ["test/memory/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: "package",
          retry,
          include: ["test/package/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
