import { describe, expect, test } from "vitest";
import { loadModel, type ServiceModel } from "../../../src/aws-models/model.ts";
import { AwsError } from "../../../src/http/aws/aws-error.ts";
import { violationsOf } from "../../../src/http/aws/constraints.ts";
import { decodeJson } from "../../../src/http/aws/json-decoder.ts";
import { jsonValidationError } from "../../../src/http/aws/validation-errors.ts";

const ecr = await loadModel("ecr");

/** One structure with a member of every type. */
const every: ServiceModel = {
  protocol: "json",
  apiVersion: "1",
  signingName: "x",
  operations: { Op: { input: "Input", errors: ["InvalidParameterException"] } },
  shapes: {
    Input: {
      type: "structure",
      members: {
        s: "S",
        i: "I",
        l: "L",
        d: "D",
        b: "B",
        t: "T",
        o: "O",
        list: "List",
        map: "Map",
        in: "Inner",
        doc: "Doc",
      },
    },
    Inner: { type: "structure", members: { s: "S" }, required: ["s"] },
    List: { type: "list", member: "S", min: 1, max: 3 },
    Map: { type: "map", key: "S", value: "S", max: 2 },
    S: { type: "string", min: 1, max: 4 },
    I: { type: "integer", min: 1, max: 10 },
    L: { type: "long" },
    D: { type: "double" },
    B: { type: "boolean" },
    T: { type: "timestamp" },
    O: { type: "blob", max: 3 },
    Doc: { type: "structure", document: true },
  },
};

function decode(text: string): unknown {
  return decodeJson(every, "Input", Buffer.from(text));
}

function refusal(text: string): string {
  try {
    const input = decode(text);
    const violations = violationsOf(every, "Input", input);
    if (violations.length > 0) throw jsonValidationError(every, "Op", violations);
  } catch (error) {
    if (error instanceof AwsError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

test("every type becomes what its handler reads", () => {
  const text =
    '{"s":"a","i":2,"l":9007199254740991,"d":0.5,"b":true,"t":1579839105.25,"o":"YWJj","list":["x"],"map":{"k":"v"},"in":{"s":"y"},"doc":{"any":[1]}}';
  expect(decode(text)).toEqual({
    s: "a",
    i: 2,
    l: 9_007_199_254_740_991,
    d: 0.5,
    b: true,
    t: new Date(1_579_839_105_250),
    o: Buffer.from("abc"),
    list: ["x"],
    map: { k: "v" },
    in: { s: "y" },
    doc: { any: [1] },
  });
});

test("an empty body is an empty input", () => {
  expect(decode("")).toEqual({});
});

test("null is absent, everywhere", () => {
  expect(decode('{"s":null,"list":[null,"x"],"map":{"k":null}}')).toEqual({ list: ["x"], map: {} });
});

test("what the model does not know is left out", () => {
  expect(decode('{"s":"a","newer":{"x":1},"in":{"s":"b","newer":2}}')).toEqual({ s: "a", in: { s: "b" } });
});

test("inherited names are no members, and no keys of a map are special", () => {
  expect(decode('{"__proto__":{"s":"x"},"constructor":1}')).toEqual({});
  const { map } = decode('{"map":{"__proto__":"v"}}') as { map: object };
  expect(Object.getOwnPropertyNames(map)).toEqual(["__proto__"]);
});

describe("other JSON types than the shape's", () => {
  test.each([
    ["{", "The body is not JSON in UTF-8"],
    ["\ufeff{}", "The body is not JSON in UTF-8"],
    ["[]", "Start of structure expected"],
    ['"text"', "Start of structure expected"],
    ["null", "Start of structure expected"],
    ['{"s":1}', "NUMBER_VALUE can not be converted to a String"],
    ['{"s":true}', "TRUE_VALUE can not be converted to a String"],
    ['{"s":[]}', "Start of list found where not expected"],
    ['{"s":{}}', "Start of structure or map found where not expected."],
    ['{"i":"1"}', "STRING_VALUE can not be converted to an Integer"],
    ['{"i":1.5}', "NUMBER_VALUE can not be converted to an Integer"],
    ['{"i":2147483648}', "NUMBER_VALUE can not be converted to an Integer"],
    ['{"l":9007199254740993}', "NUMBER_VALUE can not be converted to a Long"],
    ['{"d":"x"}', "STRING_VALUE can not be converted to a Double"],
    ['{"b":"true"}', "STRING_VALUE can not be converted to a Boolean"],
    ['{"t":"2020-01-01T00:00:00Z"}', "STRING_VALUE can not be converted to a Timestamp"],
    ['{"t":1e300}', "NUMBER_VALUE can not be converted to a Timestamp"],
    ['{"o":1}', "NUMBER_VALUE can not be converted to a Blob"],
    ['{"o":"a"}', "A blob is not in base64"],
    ['{"o":"a-_="}', "A blob is not in base64"],
    ['{"list":"x"}', "STRING_VALUE can not be converted to a List"],
    ['{"map":"x"}', "STRING_VALUE can not be converted to a Structure or Map"],
    ['{"in":[]}', "Start of list found where not expected"],
  ])("%s", (text, message) => {
    expect(refusal(text)).toBe(`SerializationException: ${message}`);
  });

  test("bytes that are no UTF-8", () => {
    expect(() => decodeJson(every, "Input", Buffer.from([0x7b, 0x22, 0xff, 0x22]))).toThrow(
      "not JSON in UTF-8",
    );
  });
});

describe("constraints", () => {
  const at = (field: string, rule: string): string =>
    `InvalidParameterException: Invalid parameter at '${field}' failed to satisfy constraint: '${rule}'`;

  test.each([
    ['{"s":""}', "s", "Member must have length greater than or equal to 1"],
    ['{"s":"abcde"}', "s", "Member must have length less than or equal to 4"],
    ['{"s":"a\\u0000"}', "s", "Member must not hold NUL characters or unpaired surrogates"],
    ['{"s":"\\ud800"}', "s", "Member must not hold NUL characters or unpaired surrogates"],
    ['{"i":0}', "i", "Member must have value greater than or equal to 1"],
    ['{"i":11}', "i", "Member must have value less than or equal to 10"],
    ['{"o":"YWJjZA=="}', "o", "Member must have length less than or equal to 3"],
    ['{"list":[]}', "list", "Member must have length greater than or equal to 1"],
    ['{"list":["a","b","c","d"]}', "list", "Member must have length less than or equal to 3"],
    ['{"list":["a",""]}', "list.2.member", "Member must have length greater than or equal to 1"],
    ['{"map":{"a":"1","b":"2","c":"3"}}', "map", "Member must have length less than or equal to 2"],
    ['{"map":{"":"1"}}', "map.key", "Member must have length greater than or equal to 1"],
    ['{"map":{"a":""}}', "map.a", "Member must have length greater than or equal to 1"],
    ['{"in":{}}', "in.s", "Member must not be null"],
  ])("%s", (text, field, rule) => {
    expect(refusal(text)).toBe(at(field, rule));
  });

  test("length counts characters, not units", () => {
    expect(refusal('{"s":"😀😀😀😀"}')).toBe("accepted");
    expect(refusal('{"s":"😀😀😀😀😀"}')).toBe(at("s", "Member must have length less than or equal to 4"));
  });

  test("enums and patterns are shown as ECR shows them", () => {
    const input = { repositoryName: "UPPER", imageTagMutability: "SOMETIMES" };
    const violations = violationsOf(ecr, "CreateRepositoryRequest", input);
    expect(violations.map(({ path }) => path.join("."))).toEqual(["imageTagMutability", "repositoryName"]);
    const [mutability, name] = violations.map(
      (one) => jsonValidationError(ecr, "CreateRepository", [one]).message,
    );
    expect(mutability).toBe(
      "Invalid parameter at 'imageTagMutability' failed to satisfy constraint: 'Member must satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]'",
    );
    expect(name).toMatch(
      /^Invalid parameter at 'repositoryName' .*'must satisfy regular expression '\[a-z0-9\]/,
    );
  });

  test("an operation without InvalidParameterException says ValidationException", () => {
    const [operation] = Object.entries(ecr.operations).find(
      ([, { errors = [] }]) =>
        errors.includes("ValidationException") && !errors.includes("InvalidParameterException"),
    ) ?? [""];
    const violation = { path: ["x"], rule: { kind: "required" }, value: null, sensitive: false } as const;
    expect(jsonValidationError(ecr, operation, [violation]).code).toBe("ValidationException");
  });
});
