import { parseStrictJson } from "../../registry/strict-json.ts";
import { ImageError } from "./errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field when it is a string. */
export function stringOf(json: JsonObject, field: string): string | undefined {
  const value = json[field];
  return typeof value === "string" ? value : undefined;
}

/** A field when it is an array of strings. */
export function stringsOf(json: JsonObject, field: string): readonly string[] | undefined {
  const value = json[field];
  return Array.isArray(value) && value.every((entry) => typeof entry === "string") ? value : undefined;
}

/** @throws ImageError naming `what` when the bytes are no JSON */
export function parseJson(bytes: Buffer, what: string): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    throw new ImageError(`${what} cannot be read: ${(error as Error).message}`);
  }
}

/** @throws ImageError naming `what` when the bytes are no JSON object */
export function parseObject(bytes: Buffer, what: string): JsonObject {
  const value = parseJson(bytes, what);
  if (!isObject(value)) throw new ImageError(`${what} is not a JSON object`);
  return value;
}
