import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JSON_DEPTH_MAX, parseStrictJson, StrictJsonError } from "../../src/registry/strict-json.ts";

function parse(text: string): unknown {
  return parseStrictJson(Buffer.from(text));
}

/** Strings that look like structure. */
const noise = fc.string({ unit: fc.constantFrom(...'"\\{}[]:,a \n\u00e9') });
// No quotes in names: JSON.parse of Node 24 may lose a member after one whose name begins like it with a quote.
const name = noise.map((text) => text.replaceAll('"', "q"));
const tree = fc.object({ key: name, values: [noise, fc.integer(), fc.constant(null)], maxDepth: 4 });

/** Another spelling of the same JSON string. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("")}"`;
}

describe("what is accepted", () => {
  test("is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(0, 1, 4), (value, indent) => {
        expect(parse(JSON.stringify(value, null, indent))).toEqual(value);
      }),
    );
  });

  test("is any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("may hold one key in several objects", () => {
    const text = '{"a":{"a":1},"b":[{"a":1},{"a":{"b":2}}],"c":"a"}';
    expect(parse(text)).toEqual({ a: { a: 1 }, b: [{ a: 1 }, { a: { b: 2 } }], c: "a" });
  });

  test("may hold strings with everything that structure is made of", () => {
    expect(parse('{"}":"{\\"a\\":1,\\"a\\":2}","a":"\\\\","b":"]"}')).toEqual({
      "}": '{"a":1,"a":2}',
      a: "\\",
      b: "]",
    });
  });

  test("keeps __proto__ a key like any other", () => {
    expect(Object.keys(parse('{"__proto__":{"x":1}}') as object)).toEqual(["__proto__"]);
  });
});

describe("duplicate keys", () => {
  test.each([
    ["side by side", '{"a":1,"a":1}', '"a"'],
    ["far apart", '{"a":1,"b":{"c":[1,{"d":2}]},"a":2}', '"a"'],
    ["nested", '[[{"x":{"b":1,"c":2,"b":3}}]]', '"b"'],
    ["in two spellings", '{"config":1,"\\u0063onfig":2}', '"\\u0063onfig"'],
    ["that are empty", '{"":1,"":2}', '""'],
    ["named __proto__", '{"__proto__":1,"__proto__":2}', '"__proto__"'],
  ])("%s are refused by name", (_, text, key) => {
    expect(() => parse(text)).toThrow(new StrictJsonError(`the key ${key} appears twice in one object`));
  });

  test("are found wherever they are and however they are written", () => {
    const inside = fc.constantFrom("HERE", "[HERE]", '{"k":HERE}', '[{"q":[1,HERE]},{}]', '{"k":{"k":HERE}}');
    fc.assert(
      fc.property(tree, noise, inside, fc.boolean(), (value, key, around, first) => {
        const others = JSON.stringify({ ...value, [key]: 0 }).slice(1, -1);
        const twice = first ? `{${escaped(key)}:[],${others}}` : `{${others},${escaped(key)}:[]}`;
        const text = around.replace("HERE", () => twice);
        expect(JSON.parse(text)).toBeDefined();
        expect(() => parse(text)).toThrow(/ appears twice in one object$/);
      }),
    );
  });

  test("of any length are shown with at most 120 characters", () => {
    const key = "k".repeat(5_000);
    expect(() => parse(`{"${key}":1,"${key}":2}`)).toThrow(
      new StrictJsonError(`the key "${"k".repeat(119)} appears twice in one object`),
    );
  });
});

describe("depth", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

  test(`${JSON_DEPTH_MAX} levels are accepted, one more is refused`, () => {
    expect(parse(nested(JSON_DEPTH_MAX))).toBeDefined();
    expect(() => parse(nested(JSON_DEPTH_MAX + 1))).toThrow(
      new StrictJsonError(`the body nests deeper than ${JSON_DEPTH_MAX} levels`),
    );
  });

  test("counts objects as well as arrays", () => {
    const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
    expect(parse(objects(JSON_DEPTH_MAX))).toBeDefined();
    expect(() => parse(objects(JSON_DEPTH_MAX + 1))).toThrow(/deeper than 64 levels/);
  });

  test("counts what is open, not what was", () => {
    expect(parse(`[${"[],".repeat(500)}{}]`)).toHaveLength(501);
  });

  test("a bomb of a hundred thousand brackets is refused, not a crash", () => {
    expect(() => parse(nested(100_000))).toThrow(/deeper than 64 levels/);
    expect(() => parse("[".repeat(100_000))).toThrow(/deeper than 64 levels/);
  });
});

describe("size", () => {
  test.each([
    ["objects and arrays", `[${"{},".repeat(4_999)}0]`, "[[],", "5000 objects and arrays"],
    [
      "members",
      `{${Array.from({ length: 16_001 }, (_, at) => `"${at}":0`).join()}}`,
      "[[0,0],",
      "16000 members",
    ],
  ])("as many %s as are allowed are read, and no more", (_, text, more, says) => {
    expect(() => parse(text)).not.toThrow();
    expect(() => parse(`${more}${text}]`)).toThrow(`the body has more than ${says}`);
  });
});

describe("text that is no JSON", () => {
  test.each(["", "{", "{a:1}", "{'a':1}", '{"a":1,}', "[1,]", "nul", "01", "// a\n1", '"\n"', "1 2", "NaN"])(
    "%j is refused",
    (text) => {
      expect(() => parse(text)).toThrow(/^the body is not JSON: /);
    },
  );

  test("is refused for a byte order mark in front of it", () => {
    expect(() => parse("\ufeff{}")).toThrow(/^the body is not JSON: /);
  });

  test.each([
    ["a stray continuation byte", [0x22, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["half a character", [0x22, 0xe2, 0x82, 0x22]],
    ["an encoded surrogate", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])("is refused for %s", (_, bytes) => {
    expect(() => parseStrictJson(Buffer.from(bytes))).toThrow(
      new StrictJsonError("the body is not valid UTF-8"),
    );
  });

  test("never ends in anything but a StrictJsonError", () => {
    const json = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ 1au') });
    fc.assert(
      fc.property(
        fc.oneof(
          json.map((text) => Buffer.from(text)),
          fc.uint8Array(),
        ),
        (bytes) => {
          try {
            expect(parseStrictJson(bytes)).toEqual(JSON.parse(Buffer.from(bytes).toString()));
          } catch (error) {
            if (!(error instanceof StrictJsonError)) throw error;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
