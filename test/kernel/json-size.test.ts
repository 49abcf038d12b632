import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundJson, JsonSizeError } from "../../src/kernel/json-size.ts";

const ROOM = { depth: 100, containers: 100, entries: 100, between: 100 };

const bound = (text: string, limits: Partial<typeof ROOM>): void =>
  boundJson(Buffer.from(text), { ...ROOM, ...limits });

describe("what is counted", () => {
  test.each([
    ["levels", "[[[]],[{}]]", { depth: 3 }, "nests deeper than 2 levels"],
    ["objects and arrays", '[{},[],{"a":{}}]', { containers: 5 }, "more than 4 objects and arrays"],
    ["members", '{"a":[1,2,3],"b":4}', { entries: 3 }, "more than 2 members"],
    ["bytes outside of texts", '{ "a b": 10 }', { between: 8 }, "more than 7 bytes outside of texts"],
  ])("%s", (_, text, enough, says) => {
    expect(() => bound(text, enough)).not.toThrow();
    const [[what, count]] = Object.entries(enough) as [[string, number]];
    expect(() => bound(text, { [what]: count - 1 })).toThrow(JsonSizeError);
    expect(() => bound(text, { [what]: count - 1 })).toThrow(says);
  });

  test("nothing within texts, however they are spelled", () => {
    const tree = fc.string({ unit: fc.constantFrom(...'"\\{}[]:,a \n\u00e9') });
    fc.assert(
      fc.property(tree, (text) => {
        bound(JSON.stringify(text), { depth: 0, containers: 0, entries: 0, between: 0 });
        bound(JSON.stringify({ [text]: [text, text] }), { depth: 2, containers: 2, entries: 1, between: 6 });
      }),
    );
  });

  test.each(['"', '"\\', "]]]]", '{"a', "", "\\\\\\", ",,,"])("%j, which is no JSON, ends", (text) => {
    expect(() => bound(text, {})).not.toThrow();
  });
});
