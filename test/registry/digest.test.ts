import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Digest,
  digestAlgorithm,
  digestFromBytes,
  digestOf,
  digestToBytes,
  finishHash,
  isDigestAlgorithm,
  looksLikeDigest,
  newHash,
  parseDigest,
} from "../../src/registry/digest.ts";
import { refusal } from "./refusal.ts";

const SHA256 = `sha256:${"0123456789abcdef".repeat(4)}`;
const SHA512 = `sha512:${"0123456789abcdef".repeat(8)}`;

const algorithms = fc.constantFrom("sha256" as const, "sha512" as const);

describe("parseDigest", () => {
  test.each([SHA256, SHA512])("takes %s as it is", (text) => {
    expect(parseDigest(text)).toBe(text);
  });

  test.each(["md5", "sha1", "sha384", "blake3", "multihash+base58", "sha3.256", "constructor"])(
    "refuses the algorithm %s by name",
    (algorithm) => {
      expect(() => parseDigest(`${algorithm}:${"a".repeat(64)}`)).toThrow(
        refusal("DIGEST_INVALID", 400, `algorithm ${algorithm} is not supported; use sha256 or sha512`),
      );
    },
  );

  test.each([
    ["nothing", ""],
    ["no algorithm", `:${"a".repeat(64)}`],
    ["no hash", "sha256:"],
    ["no colon", "a".repeat(64)],
    ["an algorithm in capitals", `SHA256:${"a".repeat(64)}`],
    ["two colons", `sha256:${"a".repeat(32)}:${"a".repeat(31)}`],
    ["a doubled separator", `sha+_256:${"a".repeat(64)}`],
    ["a slash", `sha256:../${"a".repeat(61)}`],
    ["a blank in front", ` ${SHA256}`],
    ["a line break behind", `${SHA256}\n`],
    ["a NUL", `${SHA256}\0`],
  ])("refuses %s as no digest at all", (_, text) => {
    expect(() => parseDigest(text)).toThrow(
      refusal("DIGEST_INVALID", 400, JSON.stringify(text), "a digest is written algorithm:hex"),
    );
  });

  test.each([
    ["63 characters of sha256", `sha256:${"a".repeat(63)}`, "sha256 needs 64"],
    ["65 characters of sha256", `sha256:${"a".repeat(65)}`, "sha256 needs 64"],
    ["a sha512 as long as a sha256", `sha512:${"a".repeat(64)}`, "sha512 needs 128"],
    ["a sha256 as long as a sha512", `sha256:${"a".repeat(128)}`, "sha256 needs 64"],
    ["capitals", `sha256:${"A".repeat(64)}`, "lower-case"],
    ["what is not hexadecimal", `sha256:${"g".repeat(64)}`, "hexadecimal"],
  ])("refuses %s", (_, text, rule) => {
    expect(() => parseDigest(text)).toThrow(refusal("DIGEST_INVALID", 400, JSON.stringify(text), rule));
  });

  test("names the field in which the digest stands", () => {
    expect(() => parseDigest("md5:a", "layers[2].digest")).toThrow(
      refusal("DIGEST_INVALID", 400, 'invalid layers[2].digest "md5:a"'),
    );
  });

  test("shows at most 160 characters of what it refuses, in message and detail", () => {
    const text = "x".repeat(10_000);
    expect(() => parseDigest(text)).toThrow(refusal("DIGEST_INVALID", 400, `"${"x".repeat(160)}…"`));
    expect(() => parseDigest(text)).toThrow(
      expect.objectContaining({ detail: expect.objectContaining({ digest: `${"x".repeat(160)}…` }) }),
    );
  });

  test("accepts exactly what the registered algorithms allow", () => {
    const hex = fc.string({ unit: fc.constantFrom(..."0123456789abcdefAg"), minLength: 63, maxLength: 65 });
    fc.assert(
      fc.property(
        fc.constantFrom("sha256", "sha512", "sha25", "md5"),
        hex,
        fc.boolean(),
        (name, text, twice) => {
          const digest = `${name}:${twice ? text + text : text}`;
          const valid = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest);
          if (valid) expect(parseDigest(digest)).toBe(digest);
          else expect(() => parseDigest(digest)).toThrow(refusal("DIGEST_INVALID", 400));
        },
      ),
    );
  });
});

describe("the database form", () => {
  test("is the algorithm byte and then the hash", () => {
    expect(digestToBytes(parseDigest(SHA256)).toString("hex")).toBe(`01${"0123456789abcdef".repeat(4)}`);
    expect(digestToBytes(parseDigest(SHA512)).toString("hex")).toBe(`02${"0123456789abcdef".repeat(8)}`);
  });

  test("comes back as the same text", () => {
    fc.assert(
      fc.property(algorithms, fc.uint8Array(), (algorithm, bytes) => {
        const digest = digestOf(Buffer.from(bytes), algorithm);
        expect(digestFromBytes(digestToBytes(digest))).toBe(digest);
        expect(parseDigest(digest)).toBe(digest);
        expect(digestAlgorithm(digest)).toBe(algorithm);
      }),
    );
  });

  test("with an unknown algorithm byte is a defect of the database, not the caller's", () => {
    expect(() => digestFromBytes(Buffer.alloc(33, 3))).toThrow(
      new Error("the database holds a digest of unknown algorithm byte 3"),
    );
  });
});

describe("digests of bytes", () => {
  // FIPS 180-2, appendix B.1 and C.1.
  test.each([
    ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "sha512",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ],
  ] as const)("are those of %s", (algorithm, hex) => {
    expect(digestOf(Buffer.from("abc"), algorithm)).toBe(`${algorithm}:${hex}`);
  });

  test("are sha256 unless another algorithm is named", () => {
    const hex = createHash("sha256").update("abc").digest("hex");
    expect(digestOf(Buffer.from("abc"))).toBe(`sha256:${hex}`);
  });

  test("do not depend on how the bytes were cut", () => {
    fc.assert(
      fc.property(algorithms, fc.array(fc.uint8Array()), (algorithm, chunks) => {
        const hash = newHash(algorithm);
        for (const chunk of chunks) hash.update(chunk);
        expect(finishHash(algorithm, hash)).toBe(digestOf(Buffer.concat(chunks), algorithm));
      }),
    );
  });
});

test.each([
  ["latest", false],
  [SHA256, true],
  ["md5:x", true],
])("whether %s is meant as a digest: %s", (reference, meant) => {
  expect(looksLikeDigest(reference)).toBe(meant);
});

test.each([
  ["sha256", true],
  ["sha512", true],
  ["sha384", false],
  ["SHA256", false],
  ["", false],
  ["toString", false],
])("whether %j is an algorithm of Berth: %s", (name, known) => {
  expect(isDigestAlgorithm(name)).toBe(known);
});

test("a digest's algorithm is what stands before the colon", () => {
  expect(digestAlgorithm(SHA512 as Digest)).toBe("sha512");
});
