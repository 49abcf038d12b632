import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { afterAll, expect } from "vitest";
import { noteSchemaFunctions } from "./schema-functions.ts";

const folder = process.env["BERTH_REACH"];
const reached = new Set<string>();
Object.assign(globalThis, { __reached: reached });
if (folder !== undefined) {
  noteSchemaFunctions(reached);
  if (isMainThread) {
    // Children of this process note what they call in here, whoever they run as.
    rmSync(ofChildrenIn(folder), { recursive: true, force: true });
    mkdirSync(ofChildrenIn(folder));
    chmodSync(ofChildrenIn(folder), 0o777);
  }
}

afterAll(() => {
  if (folder === undefined) return;
  const test = expect.getState().testPath ?? "";
  const name = createHash("sha256").update(test).digest("hex").slice(0, 16);
  const all = isMainThread ? [...reached, ...calledByChildren(ofChildrenIn(folder))] : [...reached];
  writeFileSync(join(folder, name), JSON.stringify({ test, reached: all }));
});

/** A thread shares its process with other tests: nobody could tell whose child it is. */
function ofChildrenIn(notes: string): string {
  return join(notes, `children-of-${process.pid}`);
}

function calledByChildren(ofChildren: string): readonly string[] {
  return readdirSync(ofChildren).flatMap((name) =>
    readFileSync(join(ofChildren, name), "utf8")
      .split("\n")
      .filter((id) => id !== ""),
  );
}
