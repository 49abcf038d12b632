import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { reaching } from "./reach/imports.ts";
import { Judges } from "./reach/judges.ts";
import type { Reach } from "./reach/reach.ts";

/** Judges that call these functions, equally fast. */
function judges(calls: Readonly<Record<string, readonly string[]>>): Judges {
  const reach: Reach = Object.fromEntries(
    Object.entries(calls).map(([name, functions]) => [name, { milliseconds: 1000, passed: true, functions }]),
  );
  return new Judges(reach);
}

/** A change at the first place of a file that has this text. */
function changing(file: string, text: string) {
  const start = readFileSync(file, "utf8").indexOf(text);
  return { file, start, end: start + text.length, replacement: "", kind: "any" };
}

const GARBAGE = "src/adapters/postgres/garbage.ts";

test("a statement is judged by who calls the innermost function that uses it", () => {
  const { of } = bound(
    judges({
      "test/a.test.ts": [`${GARBAGE}#postgresGarbage`],
      "test/b.test.ts": [`${GARBAGE}#postgresGarbage`, `${GARBAGE}#reviewManifests`],
    }),
  );
  expect(of(changing(GARBAGE, "WHERE j.referenced AND"))).toEqual(["test/b.test.ts"]);
});

test("a text that statements are made of is judged by who runs any of them", () => {
  const file = "src/adapters/postgres/blobs.ts";
  const { of } = bound(
    judges({
      "test/a.test.ts": [`${file}#postgresBlobs`],
      "test/b.test.ts": [`${file}#findNamed`],
      "test/c.test.ts": [`${file}#findPlaces`],
    }),
  );
  expect(of(changing(file, "manifest_children\n      WHERE repository_id = r.id"))).toEqual([
    "test/b.test.ts",
    "test/c.test.ts",
  ]);
});

test("a function of the schema is judged by those that were seen to call it, then by those that call who calls it", () => {
  const file = "migrations/0009_changes.sql";
  const { of } = bound(
    judges({
      "test/a.test.ts": ["src/adapters/postgres/blobs.ts#mount"],
      "test/b.test.ts": ["schema#mount_blob"],
      "test/c.test.ts": ["schema#commit_upload"],
    }),
  );
  expect(of(changing(file, "r.name = p_source"))).toEqual(["test/b.test.ts", "test/a.test.ts"]);
});

test("a test of the file's own name comes first, and of a lock one that lets others meet", () => {
  const calls = [`${GARBAGE}#reviewManifests`];
  const { of } = bound(
    judges({ "test/a.test.ts": calls, "test/oci/garbage.test.ts": calls, "test/races/b.test.ts": calls }),
  );
  const change = changing(GARBAGE, "WHERE j.referenced AND");
  expect(of(change)[0]).toBe("test/oci/garbage.test.ts");
  expect(of({ ...change, kind: "lock" }).slice(0, 2)).toEqual([
    "test/oci/garbage.test.ts",
    "test/races/b.test.ts",
  ]);
});

test("a test reaches what it imports, what that imports, and what it runs as a process", () => {
  const tests = ["test/process/life.test.ts", "test/registry/digest.test.ts", "test/oci/mounts.test.ts"];
  expect(reaching(tests, ["migrations"])).toEqual(["test/process/life.test.ts", "test/oci/mounts.test.ts"]);
  expect(reaching(tests, ["src/registry/digest.ts"])).toEqual(tests);
});

function bound(all: Judges): { of(mutant: ReturnType<typeof changing>): readonly string[] } {
  return { of: (mutant) => all.of(mutant, 12) };
}
