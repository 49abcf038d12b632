import { PolicyError } from "./errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * IAM lets most elements be one value or a list of them.
 * @throws PolicyError for an empty list
 */
export function listOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  if (value.length === 0) throw new PolicyError(path, "must not be an empty list", value);
  return value;
}

/** @throws PolicyError unless it is a text or a non-empty list of texts */
export function textsOf(value: unknown, path: string): readonly string[] {
  return listOf(value, path).map((each) => {
    if (typeof each === "string") return each;
    throw new PolicyError(path, "must be text or a list of texts", each);
  });
}
