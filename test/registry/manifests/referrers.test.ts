import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/registry/digest.ts";
import { MANIFEST_SIZE_MAX } from "../../../src/registry/manifest.ts";
import { listReferrers } from "../../../src/registry/manifests/referrers.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/registry/media-types.ts";
import type { ManifestStore, ReferrerRow } from "../../../src/registry/ports/index.ts";
import { APP, MISSING, manifestStore, SCOPE } from "./registry.ts";

const subject = digestOf(Buffer.from("subject"));

function row(id: number, more: Partial<ReferrerRow> = {}): ReferrerRow {
  const digest = digestOf(Buffer.from(String(id)));
  return {
    id,
    digest,
    mediaType: OCI_MANIFEST,
    size: id,
    artifactType: undefined,
    annotationsText: undefined,
    ...more,
  };
}

function rows(count: number, more?: Partial<ReferrerRow>): ReferrerRow[] {
  return Array.from({ length: count }, (_, at) => row(at + 1, more));
}

async function page(
  manifests: ManifestStore,
  query: { after?: number; n?: number; artifactType?: string } = {},
  name = APP,
) {
  const { index, next } = await listReferrers({ manifests }, SCOPE, name, {
    ...{ subject, artifactType: undefined, after: 0, n: Number.POSITIVE_INFINITY },
    ...query,
  });
  return { index: JSON.parse(index.toString()), bytes: index.length, next };
}

/** Follows the pages to their end. */
async function allPages(manifests: ManifestStore, n?: number) {
  const pages = [await page(manifests, n === undefined ? {} : { n })];
  for (let next = pages[0]?.next; next !== undefined; ) {
    const following = await page(manifests, { after: next, ...(n === undefined ? {} : { n }) });
    pages.push(following);
    next = following.next;
  }
  return pages;
}

describe("the answer", () => {
  test.each([
    ["a subject without referrers", APP],
    ["a repository that is not there", MISSING],
  ])("for %s is an empty index", async (_, name) => {
    const { index, next } = await page(manifestStore({}), {}, name);
    expect(index).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
    expect(next).toBeUndefined();
  });

  test("describes each referrer, with artifact type and annotations where it has them", async () => {
    const annotations = { "org.example": 'a "quoted" $& $1 text' };
    const referrers = [
      row(1),
      row(2, { artifactType: "application/vnd.example", annotationsText: JSON.stringify(annotations) }),
    ];
    const { index } = await page(manifestStore({ referrers }));
    expect(index.manifests).toEqual([
      { mediaType: OCI_MANIFEST, digest: row(1).digest, size: 1 },
      {
        mediaType: OCI_MANIFEST,
        digest: row(2).digest,
        size: 2,
        artifactType: "application/vnd.example",
        annotations,
      },
    ]);
  });

  test("holds those of the wanted artifact type", async () => {
    const referrers = [row(1, { artifactType: "a/a" }), row(2, { artifactType: "b/b" }), row(3)];
    const { index } = await page(manifestStore({ referrers }), { artifactType: "b/b" });
    expect(index.manifests).toEqual([expect.objectContaining({ digest: row(2).digest })]);
  });

  test.each([499, 500, 501, 1001])("holds all %i, read in batches", async (count) => {
    const { index, next } = await page(manifestStore({ referrers: rows(count) }));
    expect(index.manifests).toHaveLength(count);
    expect(next).toBeUndefined();
  });
});

describe("pages", () => {
  test("of one entry end where the client asked, and the last knows that it is the last", async () => {
    const pages = await allPages(manifestStore({ referrers: rows(3) }), 1);
    expect(pages.map(({ index, next }) => [index.manifests.length, next])).toEqual([
      [1, 1],
      [1, 2],
      [1, undefined],
    ]);
  });

  test("of nothing have no next one, which would never end", async () => {
    const { index, next } = await page(manifestStore({ referrers: rows(3) }), { n: 0 });
    expect(index.manifests).toEqual([]);
    expect(next).toBeUndefined();
  });

  test("keep within 4 MiB and together hold every referrer once", async () => {
    const annotations = { large: "ö".repeat(300_000) };
    const referrers = rows(20, { annotationsText: JSON.stringify(annotations) });
    const pages = await allPages(manifestStore({ referrers }));
    for (const { bytes } of pages) expect(bytes).toBeLessThanOrEqual(MANIFEST_SIZE_MAX);
    // Six of 600 KB fit, the seventh does not.
    expect(pages.map(({ index }) => index.manifests.length)).toEqual([6, 6, 6, 2]);
    const digests = pages.flatMap(({ index }) =>
      index.manifests.map(({ digest }: { digest: string }) => digest),
    );
    expect(digests).toEqual(referrers.map(({ digest }) => digest));
  });

  test("may have exactly 4 MiB", async () => {
    const overhead = (await page(manifestStore({ referrers: rows(2, { annotationsText: '{"x":""}' }) })))
      .bytes;
    const half = (MANIFEST_SIZE_MAX - overhead) / 2;
    const filled = (extra: number) => [
      row(1, { annotationsText: JSON.stringify({ x: "x".repeat(Math.floor(half)) }) }),
      row(2, { annotationsText: JSON.stringify({ x: "x".repeat(Math.ceil(half) + extra) }) }),
    ];
    // The size is counted with one comma for each entry, so one byte may stay free.
    expect((await page(manifestStore({ referrers: filled(-1) }))).bytes).toBe(MANIFEST_SIZE_MAX - 1);
    expect((await page(manifestStore({ referrers: filled(1) }))).index.manifests).toHaveLength(1);
  });

  test("of any size give every referrer once and in order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 8 }), async (count, n) => {
        const pages = await allPages(manifestStore({ referrers: rows(count) }), n);
        const sizes = pages.flatMap(({ index }) => index.manifests.map(({ size }: { size: number }) => size));
        expect(sizes).toEqual(rows(count).map(({ size }) => size));
        for (const { index } of pages) expect(index.manifests.length).toBeLessThanOrEqual(n);
      }),
    );
  });
});
