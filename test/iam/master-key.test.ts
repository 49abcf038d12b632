import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MasterKey } from "../../src/iam/master-key.ts";

const key = new MasterKey(Buffer.alloc(32, 1));
const other = new MasterKey(Buffer.alloc(32, 2));
const CONTEXT = "AKIAEXAMPLE";

describe("a sealed secret", () => {
  test("opens again for its context, whatever it is", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(
      fc.property(text, text, (secret, context) => {
        expect(key.open(key.seal(secret, context), context)).toBe(secret);
      }),
    );
  });

  test("names its key and shows nothing of the secret", () => {
    const { masterKeyId, ciphertext } = key.seal("wJalrXUtnFEMI", CONTEXT);
    expect(masterKeyId).toBe(key.id);
    expect(ciphertext.includes("wJalrXUtnFEMI")).toBe(false);
    expect(ciphertext).toHaveLength(12 + 16 + 13);
  });

  test("never comes out twice the same", () => {
    const sealed = Array.from({ length: 50 }, () => key.seal("secret", CONTEXT).ciphertext.toString("hex"));
    expect(new Set(sealed).size).toBe(50);
  });

  test("does not open for another context: moved to another row it is of no use", () => {
    const sealed = key.seal("secret", CONTEXT);
    expect(() => key.open(sealed, "AKIAOTHER")).toThrow(/authenticate/);
  });

  test("does not open under another key, which is said by both names", () => {
    const sealed = key.seal("secret", CONTEXT);
    expect(() => other.open(sealed, CONTEXT)).toThrow(
      new Error(`the secret of ${CONTEXT} is encrypted under master key ${key.id}, this is ${other.id}`),
    );
  });

  test("does not open under another key even when it claims to be of that key", () => {
    const sealed = { ...key.seal("secret", CONTEXT), masterKeyId: other.id };
    expect(() => other.open(sealed, CONTEXT)).toThrow(/authenticate/);
  });

  test("does not open with any bit changed", () => {
    const sealed = key.seal("secret", CONTEXT);
    fc.assert(
      fc.property(fc.nat(sealed.ciphertext.length * 8 - 1), (bit) => {
        const ciphertext = Buffer.from(sealed.ciphertext);
        ciphertext.writeUInt8(ciphertext.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(() => key.open({ ...sealed, ciphertext }, CONTEXT)).toThrow();
      }),
    );
  });

  test.each([0, 1, 11, 12, 16, 20, 24, 25, 26, 27])(
    "does not open when %i bytes are left of it",
    (length) => {
      const sealed = key.seal("", CONTEXT);
      const ciphertext = sealed.ciphertext.subarray(0, length);
      expect(() => key.open({ ...sealed, ciphertext }, CONTEXT)).toThrow();
    },
  );
});

describe("a master key", () => {
  test.each([0, 16, 31, 33, 64])("of %i bytes is refused", (length) => {
    expect(() => new MasterKey(Buffer.alloc(length))).toThrow(
      new Error(`the master key has ${length} bytes; it needs 32, in base64`),
    );
  });

  test("has an id that is its own and always the same, and reveals no byte of it", () => {
    expect(new MasterKey(Buffer.alloc(32, 1)).id).toBe(key.id);
    expect(other.id).not.toBe(key.id);
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(JSON.stringify(key)).toBe(JSON.stringify({ id: key.id }));
  });

  test("that is generated has 32 bytes, other ones each time", () => {
    expect(MasterKey.generate()).toHaveLength(32);
    expect(MasterKey.generate().equals(MasterKey.generate())).toBe(false);
  });
});
