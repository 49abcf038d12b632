import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseByteRanges, parseChunkRange, RANGES_MAX } from "../../src/registry/byte-range.ts";
import { RegistryError } from "../../src/registry/errors.ts";
import { refusal } from "./refusal.ts";

const HUGE = "9".repeat(400);

describe("parseByteRanges", () => {
  test.each([
    ["bytes=0-0", { start: 0, end: 0 }],
    ["bytes=0-99", { start: 0, end: 99 }],
    ["bytes=10-19", { start: 10, end: 19 }],
    ["bytes=99-99", { start: 99, end: 99 }],
    ["bytes=90-", { start: 90, end: 99 }],
    ["bytes=0-", { start: 0, end: 99 }],
    ["bytes=-1", { start: 99, end: 99 }],
    ["bytes=-100", { start: 0, end: 99 }],
    ["bytes=-101", { start: 0, end: 99 }],
    ["bytes=50-100", { start: 50, end: 99 }],
    ["bytes=007-0010", { start: 7, end: 10 }],
    [`bytes=5-${HUGE}`, { start: 5, end: 99 }],
    [`bytes=-${HUGE}`, { start: 0, end: 99 }],
    ["bytes=9007199254740993-", undefined],
  ] as const)("%s of 100 bytes", (header, range) => {
    if (range === undefined)
      expect(() => parseByteRanges(header, 100)).toThrow(refusal("RANGE_INVALID", 416));
    else expect(parseByteRanges(header, 100)).toEqual([range]);
  });

  test.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["another unit", "lines=1-2"],
    ["a range and what is none", "bytes=0-1,a-b"],
    ["a range and no positions", "bytes=0-1,-"],
    ["commas alone", "bytes=, ,"],
    ["no positions", "bytes=-"],
    ["a negative first position", "bytes=-5-10"],
    ["a negative last position", "bytes=5--10"],
    ["a sign", "bytes=+1-2"],
    ["hexadecimal", "bytes=0x1-0x2"],
    ["an exponent", "bytes=1e1-2e1"],
    ["a fraction", "bytes=0.5-1"],
    ["digits of another script", "bytes=٠-٩"],
    ["text behind", "bytes=0-1;q=1"],
    ["a line break behind", "bytes=0-1\n"],
  ])("%s means the whole", (_, header) => {
    expect(parseByteRanges(header, 100)).toBeUndefined();
  });

  test.each([
    ["the last position before the first", "bytes=500-0", 1000],
    ["the first position at the end", "bytes=100-", 100],
    ["the first position past the end", "bytes=100-200", 100],
    ["a first position past every number", `bytes=${HUGE}-`, 100],
    ["an empty suffix", "bytes=-0", 100],
    ["the first byte of nothing", "bytes=0-", 0],
    ["a suffix of nothing", "bytes=-5", 0],
  ])("%s is refused with the size", (_, header, size) => {
    const refuse = (): unknown => parseByteRanges(header, size);
    expect(refuse).toThrow(refusal("RANGE_INVALID", 416, header, `the ${size} bytes`));
    expect(refuse).toThrow(expect.objectContaining({ facts: { blobSize: size } }));
  });

  const ranges = (...pairs: readonly (readonly [number, number])[]) =>
    pairs.map(([start, end]) => ({ start, end }));

  test.each([
    ["apart", "bytes=0-1,5-6", ranges([0, 1], [5, 6])],
    ["with blanks and empty elements", "bytes= 0-1 ,\t, -5,", ranges([0, 1], [95, 99])],
    ["in the order of the request", "bytes=90-,0-1,50-51", ranges([90, 99], [0, 1], [50, 51])],
    ["that overlap", "bytes=0-10,5-20", ranges([0, 20])],
    ["that touch", "bytes=0-9,10-19", ranges([0, 19])],
    ["that touch backwards", "bytes=10-19,0-9,40-41", ranges([0, 19], [40, 41])],
    ["within another", "bytes=0-50,10-20,60-61", ranges([0, 50], [60, 61])],
    ["that are the same", "bytes=5-6,5-6,5-6", ranges([5, 6])],
    ["one byte apart", "bytes=0-1,3-4", ranges([0, 1], [3, 4])],
    ["joined by a later one", "bytes=0-1,6-7,50-51,2-5", ranges([0, 7], [50, 51])],
    ["of which one lies outside", "bytes=0-1,100-,7-3,-0,5-6", ranges([0, 1], [5, 6])],
    ["of which all but one lie outside", "bytes=100-,5-6", ranges([5, 6])],
  ])("several %s", (_, header, wanted) => {
    expect(parseByteRanges(header, 100)).toEqual(wanted);
  });

  test("several that all lie outside are refused", () => {
    expect(() => parseByteRanges("bytes=100-,200-300,-0", 100)).toThrow(refusal("RANGE_INVALID", 416));
  });

  test("64 apart and no more", () => {
    expect(RANGES_MAX).toBe(64);
    const apart = (count: number) =>
      Array.from({ length: count }, (_, at) => `${at * 10}-${at * 10}`).join(",");
    expect(parseByteRanges(`bytes=${apart(RANGES_MAX)}`, 100_000)).toHaveLength(RANGES_MAX);
    expect(parseByteRanges(`bytes=${apart(RANGES_MAX + 1)}`, 100_000)).toBeUndefined();
  });

  test("select together what each selects by itself, in pieces that neither overlap nor touch", () => {
    const pair = fc.tuple(fc.nat(40), fc.nat(40));
    fc.assert(
      fc.property(
        fc.array(pair, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (pairs, size) => {
          const selected = new Set<number>();
          for (const [first, last] of pairs)
            for (let at = first; at <= Math.min(last, size - 1); at++) selected.add(at);
          fc.pre(selected.size > 0);
          const found = parseByteRanges(`bytes=${pairs.map(([a, b]) => `${a}-${b}`).join(",")}`, size) ?? [];
          const covered = found.flatMap(({ start, end }) =>
            Array.from({ length: end - start + 1 }, (_, at) => start + at),
          );
          expect(covered.toSorted((a, b) => a - b)).toEqual([...selected].toSorted((a, b) => a - b));
          const sorted = found.toSorted((a, b) => a.start - b.start);
          for (const [at, range] of sorted.slice(1).entries()) {
            expect(range.start).toBeGreaterThan((sorted[at]?.end ?? 0) + 1);
          }
        },
      ),
    );
  });

  test("covers exactly the positions that a naive reading selects", () => {
    const position = fc.oneof(fc.bigInt(0n, 60n), fc.bigInt(0n, 10n ** 30n));
    const spec = fc
      .record({ first: fc.option(position), last: fc.option(position) })
      .filter(({ first, last }) => first !== null || last !== null);
    fc.assert(
      fc.property(spec, fc.nat(50), ({ first, last }, size) => {
        const header = `bytes=${first ?? ""}-${last ?? ""}`;
        const selected = Array.from({ length: size }, (_, at) => BigInt(at)).filter((at) =>
          first === null ? at >= BigInt(size) - (last ?? 0n) : at >= first && (last === null || at <= last),
        );
        if (selected.length === 0) {
          expect(() => parseByteRanges(header, size)).toThrow(refusal("RANGE_INVALID", 416));
        } else {
          const wanted = { start: Number(selected[0]), end: Number(selected.at(-1)) };
          expect(parseByteRanges(header, size)).toEqual([wanted]);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("lies within the object or is refused, whatever the header", () => {
    const header = fc.string({ unit: fc.constantFrom(..."0159-,= x") }).map((text) => `bytes=${text}`);
    fc.assert(
      fc.property(fc.oneof(header, fc.string()), fc.nat(1000), (text, size) => {
        try {
          for (const range of parseByteRanges(text, size) ?? []) {
            expect(range.start).toBeGreaterThanOrEqual(0);
            expect(range.end).toBeGreaterThanOrEqual(range.start);
            expect(range.end).toBeLessThan(size);
          }
        } catch (error) {
          if (!(error instanceof RegistryError)) throw error;
          expect(error.reason).toBe("RANGE_INVALID");
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("parseChunkRange", () => {
  test("is undefined without the header", () => {
    expect(parseChunkRange(undefined)).toBeUndefined();
  });

  test.each([
    ["as the specification writes it", "0-99"],
    ["as RFC 9110 writes it", "bytes 0-99/100"],
    ["with an unknown total", "bytes 0-99/*"],
    ["as some clients write it", "bytes=0-99"],
    ["with blanks around it", "  0-99 "],
  ])("%s", (_, header) => {
    expect(parseChunkRange(header)).toEqual({ start: 0, end: 99 });
  });

  test.each([
    "",
    "0",
    "-",
    "0-",
    "-5",
    "5-4",
    "-1-5",
    "0--1",
    "a-b",
    "0-1-2",
    "0-1,2-3",
    "0x0-0x1",
    "1e1-2e1",
    "lines 0-1",
    "0-9/x",
    "٠-٩",
    `0-${HUGE}`,
    "9999999999999999-9999999999999999",
  ])("%s is refused", (header) => {
    expect(() => parseChunkRange(header)).toThrow(
      refusal(
        "BLOB_UPLOAD_INVALID",
        400,
        "Content-Range must be start-end",
        JSON.stringify(header.slice(0, 80)),
      ),
    );
  });

  test("reads every pair of positions up to the largest blob, and refuses them the other way round", () => {
    const position = fc.integer({ min: 0, max: 10 ** 15 - 1 });
    fc.assert(
      fc.property(position, position, (a, b) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        expect(parseChunkRange(`${start}-${end}`)).toEqual({ start, end });
        fc.pre(start !== end);
        expect(() => parseChunkRange(`${end}-${start}`)).toThrow(refusal("BLOB_UPLOAD_INVALID", 400));
      }),
    );
  });
});
