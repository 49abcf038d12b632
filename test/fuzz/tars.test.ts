import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { expect, test } from "vitest";
import { readTar } from "../../src/cli/images/import/tar-reader.ts";
import { fill } from "./cost.ts";

/** What is cheaper than so many milliseconds is cheap, however it grows. */
const CHEAP = 30;
const ATTEMPTS = 6;

type Pack = ReturnType<typeof pack>;

/** The bytes of a tar that `write` filled. */
async function tarOf(write: (tar: Pack) => void): Promise<Buffer> {
  const tar = pack();
  write(tar);
  tar.finalize();
  return buffer(tar);
}

const entries = (count: number, name: (at: number) => string) => (tar: Pack) => {
  for (let at = 0; at < count; at++) tar.entry({ name: name(at) }, "x");
};
const record = (key: string, value: string) => (tar: Pack) => {
  tar.entry({ name: "a", pax: { [key]: value } }, "x");
};

/** Milliseconds that it takes to read a tar, or to refuse it. */
async function costOf(bytes: Buffer): Promise<number> {
  const before = process.threadCpuUsage();
  try {
    for await (const entry of readTar(Readable.from([bytes]))) if (entry.kind === "file") entry.chunks;
  } catch {
    // A hostile tar is refused; what that costs is the question.
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

test.each<[string, number, (size: number) => (tar: Pack) => void]>([
  ["many entries", 20_000, (size) => entries(size, (at) => `f${at}`)],
  ["many long names", 2_000, (size) => entries(size, (at) => fill(2_000, "a/", "", String(at)))],
  ["a name of many dots", 400_000, (size) => entries(1, () => fill(size, "./", "a/"))],
  ["a name that goes up and down", 400_000, (size) => entries(1, () => fill(size, "a/../", "b/"))],
  ["a record without end", 2_000_000, (size) => record("x", "a".repeat(size))],
  ["a record of line ends", 2_000_000, (size) => record("x", "\n".repeat(size))],
  [
    "many records",
    20_000,
    (size) => (tar) => {
      const pax = Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${at}`, "v"]));
      tar.entry({ name: "a", pax }, "x");
    },
  ],
])("a tar of %s costs what its size accounts for", async (_, limit, write) => {
  const [largest, smaller] = [await tarOf(write(limit)), await tarOf(write(Math.floor(limit / 4)))];
  let [whole, quarter] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    whole = Math.min(whole, await costOf(largest));
    quarter = Math.min(quarter, await costOf(smaller));
    if (whole < 8 * quarter + CHEAP) return;
  }
  expect.fail(`${limit} of it cost ${whole} ms, a quarter ${quarter} ms`);
});
