import { type ServiceModel, type Shape, shapeOf } from "../../aws-models/model.ts";
import { boundJson, type JsonLimits, JsonSizeError } from "../../kernel/json-size.ts";
import { AwsError } from "./aws-error.ts";
import { decodeBase64, NotBase64Error } from "./blob-decoder.ts";

/**
 * A JSON 1.1 body as the model types it: timestamps are dates, blobs are bytes, null is absent, and what the model does
 * not know is left out. An empty body is an empty object.
 * @throws AwsError SerializationException for what is no JSON, and for a member of another JSON type than its shape's
 */
export function decodeJson(model: ServiceModel, shapeName: string, body: Uint8Array): unknown {
  const value = body.length === 0 ? {} : parse(body);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw serialization("Start of structure expected");
  }
  return decode(model, shapeName, value);
}

/** More pieces than any input has; a part of a layer, or a manifest, is one text. */
const JSON_LIMITS: JsonLimits = { depth: 64, containers: 5_000, entries: 16_000, between: 2 * 1024 * 1024 };

function parse(body: Uint8Array): unknown {
  try {
    boundJson(body, JSON_LIMITS);
  } catch (error) {
    if (error instanceof JsonSizeError) throw serialization(`The body ${error.message}`);
    throw error;
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    throw serialization("The body is not JSON in UTF-8");
  }
}

type Members = Readonly<Record<string, unknown>>;

function decode(model: ServiceModel, shapeName: string, value: unknown): unknown {
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case "structure":
      return shape.document === true ? value : decodeStructure(model, shape, asObject(value));
    case "list":
      if (!Array.isArray(value)) throw mistyped(value, "a List");
      return value
        .filter((element) => element !== null)
        .map((element) => decode(model, shape.member ?? "", element));
    case "map":
      // fromEntries defines its keys: "__proto__" is one like any other.
      return Object.fromEntries(
        Object.entries(asObject(value))
          .filter(([, entry]) => entry !== null)
          .map(([key, entry]) => [key, decode(model, shape.value ?? "", entry)]),
      );
    case "string":
      if (typeof value !== "string") throw mistyped(value, "a String");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw mistyped(value, "a Boolean");
      return value;
    case "blob":
      return decodeBlob(value);
    case "timestamp":
      return decodeTimestamp(value);
    default:
      return decodeNumber(shape, value);
  }
}

function decodeStructure(model: ServiceModel, shape: Shape, value: Members): unknown {
  const entries = Object.entries(shape.members ?? {}).flatMap(([name, memberShape]) => {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    return member === undefined || member === null
      ? []
      : [[name, decode(model, memberShape, member)] as const];
  });
  return Object.fromEntries(entries);
}

function asObject(value: unknown): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw mistyped(value, "a Structure or Map");
  return value as Members;
}

const INTEGER_MAX = 2 ** 31 - 1;

function decodeNumber(shape: Shape, value: unknown): number {
  const name =
    { integer: "an Integer", long: "a Long", double: "a Double" }[shape.type as string] ?? "a Number";
  if (typeof value !== "number") throw mistyped(value, name);
  if (shape.type === "double") return value;
  const isWhole = shape.type === "long" ? Number.isSafeInteger(value) : Number.isInteger(value);
  if (!isWhole || (shape.type === "integer" && Math.abs(value) > INTEGER_MAX)) throw mistyped(value, name);
  return value;
}

function decodeBlob(value: unknown): Buffer {
  if (typeof value !== "string") throw mistyped(value, "a Blob");
  try {
    return decodeBase64(value);
  } catch (error) {
    throw error instanceof NotBase64Error ? serialization(error.message) : error;
  }
}

function decodeTimestamp(value: unknown): Date {
  if (typeof value !== "number") throw mistyped(value, "a Timestamp");
  const date = new Date(Math.round(value * 1000));
  if (Number.isNaN(date.getTime())) throw mistyped(value, "a Timestamp");
  return date;
}

function mistyped(value: unknown, wanted: string): AwsError {
  if (Array.isArray(value)) return serialization("Start of list found where not expected");
  if (typeof value === "object") return serialization("Start of structure or map found where not expected.");
  const token = typeof value === "boolean" ? String(value) : typeof value;
  return serialization(`${token.toUpperCase()}_VALUE can not be converted to ${wanted}`);
}

function serialization(message: string): AwsError {
  return new AwsError("SerializationException", message);
}
