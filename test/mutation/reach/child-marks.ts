import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What every marked file imports first: in a process or a thread that a test started it notes each function once, at
 * once, since such a process may be killed. In that of the test itself there are notes already.
 */
const marked = globalThis as { __reached?: { add(id: string): unknown } };
marked.__reached ??= noteInFile(join(import.meta.dirname, "../../../.reached"));

function noteInFile(folder: string): { add(id: string): unknown } {
  const ofTest = [...ancestors(process.pid)]
    .map((pid) => join(folder, `children-of-${pid}`))
    .find((each) => existsSync(each));
  const known = new Set<string>();
  if (ofTest === undefined) return known;
  const file = join(ofTest, randomBytes(8).toString("hex"));
  return {
    add(id) {
      if (known.has(id)) return;
      known.add(id);
      try {
        appendFileSync(file, `${id}\n`);
      } catch {
        // The test has ended, or the disk is made full by it.
      }
    },
  };
}

/** This process and those that it descends from, nearest first. */
function* ancestors(pid: number): Generator<number> {
  for (let each = pid; each > 0; each = parentOf(each)) yield each;
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
