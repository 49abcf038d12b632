import { randomBytes } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { NotBase64Error } from "../../../src/http/aws/blob-decoder.ts";
import { ContentScanError, ContentScanner } from "../../../src/http/aws/content-scanner.ts";

const CONTENT = randomBytes(1_000);
const BASE64 = CONTENT.toString("base64");

/** What comes of a body whose pieces have so many bytes. */
function scan(body: string, size: number): { json: unknown; content: Buffer | undefined } {
  const scanner = new ContentScanner("blob", Math.ceil((body.length * 3) / 4));
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += size) scanner.take(bytes.subarray(at, at + size));
  const { json, content } = scanner.end();
  return { json: JSON.parse(json.toString()), content };
}

const SIZES = [1, 2, 3, 5, 64, 997, 100_000];

describe.each(SIZES)("a body in pieces of %i bytes", (size) => {
  test.each([
    ["first", `{"blob":"${BASE64}","a":1}`, { blob: "", a: 1 }],
    ["last", `{"a":{"x":["}",{"y":"\\""}]},"b":"\\\\","blob":"${BASE64}"}`, undefined],
    ["with spaces", ` { "a" : "blob" , "blob" \t:\n "${BASE64}" } `, { a: "blob", blob: "" }],
    ["by an escaped name", `{"bl\\u006fb":"${BASE64}"}`, { blob: "" }],
    ["with escaped slashes", `{"blob":"${BASE64.replaceAll("/", "\\/")}"}`, { blob: "" }],
    [
      "with everything escaped",
      `{"blob":"${BASE64.replaceAll(/./g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"}`,
      { blob: "" },
    ],
  ])("has the content %s", (_, body, json) => {
    const scanned = scan(body, size);
    expect(scanned.content?.equals(CONTENT)).toBe(true);
    expect(scanned.json).toEqual(json ?? { ...JSON.parse(body), blob: "" });
  });

  test.each([
    ["in an object within", `{"a":{"blob":"AAAA"}}`],
    ["in a list", `{"a":[{"blob":"AAAA"},"blob"]}`],
    ["as no text", `{"blob":5,"a":"AAAA"}`],
    ["as null", `{"blob":null,"blobs":"AAAA"}`],
    ["as the value of another name", `{"a":"blob","b":"AAAA"}`],
    ["in no object", `["blob","AAAA"]`],
    ["not at all", "{}"],
  ])("has the name %s, so it has no content", (_, body) => {
    expect(scan(body, size)).toEqual({ json: JSON.parse(body), content: undefined });
  });

  test.each([0, 1, 2, 3, 4, 5])("has content of %i bytes", (bytes) => {
    const content = CONTENT.subarray(0, bytes);
    expect(scan(`{"blob":"${content.toString("base64")}"}`, size).content).toEqual(Buffer.from(content));
  });

  test.each([
    "A",
    "AA",
    "AAA",
    "AAAAA",
    "AA==AAAA",
    "A===",
    "====",
    "AAA-",
    "AA_A",
    "AAA ",
    "AAA\\n",
    "AAA\\u000a",
    "AAA\\u012f",
    "AAA\\x",
    "äAA",
  ])("has %s, which is no base64", (text) => {
    expect(() => scan(`{"blob":"${text}"}`, size)).toThrow(NotBase64Error);
  });

  test("has the content twice", () => {
    expect(() => scan(`{"blob":"AAAA","blob":"AAAA"}`, size)).toThrow(ContentScanError);
    expect(() => scan(`{"blob":"","blob":""}`, size)).toThrow(ContentScanError);
  });

  test("ends within the content", () => {
    const scanner = new ContentScanner("blob", 100);
    const bytes = Buffer.from(`{"blob":"AAAA`);
    for (let at = 0; at < bytes.length; at += size) scanner.take(bytes.subarray(at, at + size));
    const { json, content } = scanner.end();
    expect([json.toString(), content]).toEqual([`{"blob":"`, undefined]);
  });
});

test("a body has little beside its content", () => {
  expect(scan(`{"a":"${"x".repeat(60_000)}","blob":"AAAA"}`, 1_000).content).toHaveLength(3);
  expect(() => scan(`{"a":"${"x".repeat(66_000)}","blob":"AAAA"}`, 1_000)).toThrow(
    "The body has more than 65536 bytes beside blob",
  );
});

test.each(['"" ', ':"" '])("looks at a name once, however many times %s follows it", (text) => {
  const scanner = new ContentScanner("blob", 10);
  const read = vi.spyOn(JSON, "parse");
  scanner.take(Buffer.from(`{"name":${text.repeat(1_000)}`));
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRestore();
});
