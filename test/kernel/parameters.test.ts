import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ParameterLimits, Parameters, ParametersError } from "../../src/kernel/parameters.ts";

const LIMITS: ParameterLimits = { status: 413, count: 100, nameBytes: 50, valueBytes: 100 };

const parse = (text: string | Buffer, limits: Partial<ParameterLimits> = {}): Parameters =>
  Parameters.parse(text, { ...LIMITS, ...limits });

test("every text is read as the URL standard reads it", () => {
  const piece = fc.constantFrom("a", "b", "&", "=", "+", "%", "%41", "%e2%82%ac", "%ff", "%zz", "%2", ".");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      expect([...parse(Buffer.from(text))]).toEqual([...new URLSearchParams(text)]);
    }),
  );
});

test("bytes beyond ASCII are UTF-8, as they came or percent-encoded", () => {
  expect([...parse(Buffer.from("ü=%c3%bc&%=€%"))]).toEqual([
    ["ü", "ü"],
    ["%", "€%"],
  ]);
});

test("names and values are found as those of URLSearchParams are", () => {
  const parameters = parse("a=1&b=2&a=3&=x&c");
  expect(parameters.get("a")).toBe("1");
  expect(parameters.getAll("a")).toEqual(["1", "3"]);
  expect(parameters.get("c")).toBe("");
  expect(parameters.get("d")).toBeNull();
  expect(parameters.has("b")).toBe(true);
  expect(parameters.size).toBe(5);
});

test("some names can be read alone", () => {
  expect([...Parameters.pick("x=%41&Acti%6fn=y&Action=z", ["Action"], LIMITS)]).toEqual([
    ["Action", "y"],
    ["Action", "z"],
  ]);
});

describe("is refused:", () => {
  test.each([
    ["one parameter too many", "a&".repeat(101), "100 parameters"],
    ["a name that is too long", `${"a".repeat(51)}=1`, "50 bytes"],
    ["a value that is too long", `a=${"1".repeat(101)}`, "100 bytes"],
  ])("%s", (_, text, says) => {
    expect(() => parse(text)).toThrow(ParametersError);
    expect(() => parse(text)).toThrow(says);
    expect(() => Parameters.pick(text, ["b"], LIMITS)).toThrow(says);
  });

  test("by the status that its limits say", () => {
    expect(() => parse("a&b", { count: 1, status: 414 })).toThrow(
      expect.objectContaining({ status: 414, message: "a query may not have more than 1 parameters" }),
    );
  });
});

test("as many as are allowed are taken, empty ones between them do not count", () => {
  expect(parse(`&&${"a&&".repeat(100)}`).size).toBe(100);
});
