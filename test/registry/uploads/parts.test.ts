import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fingerprint, PART_MIN, piecesOf, withPart } from "../../../src/registry/uploads/parts.ts";

const part = (start: number, length: number) => ({ start, end: start + length - 1, sha256: "ab" });
const first = withPart(undefined, 0, part(0, PART_MIN - 1));

describe("what is known of parts", () => {
  test("begins with one, which may be the last", () => {
    expect(first).toEqual({ count: 1, hasSmall: false, last: part(0, PART_MIN - 1) });
  });

  test.each([
    [PART_MIN, false],
    [PART_MIN - 1, true],
  ])("after a part of %i bytes that another one follows", (length, hasSmall) => {
    const before = withPart(undefined, 0, part(0, length));
    const next = part(length, 1);
    expect(withPart(before, length, next)).toEqual({ count: 2, hasSmall, last: next });
  });

  test("remembers that one was small", () => {
    const second = withPart(first, PART_MIN - 1, part(PART_MIN - 1, PART_MIN));
    expect(withPart(second, 2 * PART_MIN - 1, part(2 * PART_MIN - 1, 5))).toMatchObject({
      ...{ count: 3, hasSmall: true },
    });
  });

  test("does not count what is followed by bytes that are no part", () => {
    expect(withPart(first, PART_MIN, part(PART_MIN, 1))).toMatchObject({ count: 2, hasSmall: false });
  });
});

test.each([0, 1, 512 * 1024, 512 * 1024 + 1, 1_500_000])(
  "the pieces of %i bytes are all of them",
  async (size) => {
    const bytes = randomBytes(size);
    const pieces: Buffer[] = [];
    for await (const piece of piecesOf(bytes)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    expect(Math.max(0, ...pieces.map(({ length }) => length))).toBeLessThanOrEqual(512 * 1024);
    expect(await fingerprint(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
  },
);
