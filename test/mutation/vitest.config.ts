import { join } from "node:path";
import { defineConfig } from "vitest/config";
import checkout from "../../vitest.config.ts";

/** Milliseconds after which a test that a change has made wait is given up, and one without a change. */
const WAITS = process.env["BERTH_REACH"] === undefined ? 30_000 : 120_000;
const TRIED = ["unit", "server", "proofs"];

/**
 * The projects whose tests judge a change, with a note of what each of their files calls. The process that runs them
 * sets up one database for all.
 */
export default defineConfig({
  root: process.cwd(),
  test: {
    projects: (checkout.test?.projects ?? []).flatMap((project) => {
      if (typeof project !== "object" || !("test" in project)) return [];
      const { test } = project;
      if (!TRIED.includes(String(test?.name))) return [];
      const setupFiles = [join(import.meta.dirname, "reach/marks.ts")];
      const { globalSetup: _, ...kept } = test ?? {};
      return [{ ...project, test: { ...kept, setupFiles, testTimeout: WAITS, hookTimeout: WAITS } }];
    }),
  },
});
