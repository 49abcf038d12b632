import { defineConfig } from "vitest/config";

/**
 * `unit` needs nothing but the checkout; `server` starts Berth on its embedded database.
 * Suites that need real services live under their own folders and run from `.ci/run`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{registry,iam,http,cli,config,gc}/**/*.test.ts"],
          pool: "threads",
        },
      },
      {
        test: {
          name: "server",
          include: ["test/{adapters,oci,process,workers}/**/*.test.ts"],
          pool: "forks",
          testTimeout: 30_000,
          hookTimeout: 60_000,
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
