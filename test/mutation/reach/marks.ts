import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { noteSchemaFunctions } from "./schema-functions.ts";

const folder = process.env["BERTH_REACH"];
const reached = new Set<string>();
Object.assign(globalThis, { __reached: reached });
if (folder !== undefined) noteSchemaFunctions(reached);

afterAll(() => {
  if (folder === undefined) return;
  const test = expect.getState().testPath ?? "";
  const name = createHash("sha256").update(test).digest("hex").slice(0, 16);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify({ test, reached: [...reached] }));
});
