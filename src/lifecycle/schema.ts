import { policyInvalid } from "./errors.ts";

/** An object of a policy by its members. */
export type Members = Readonly<Record<string, unknown>>;

/** Characters of a value that a message shows, at most. */
const SHOWN_MAX = 100;
/** ECR's integers have 32 bits. */
const INTEGER_MAX = 2_147_483_647;

type Type = "object" | "array" | "string" | "integer";

// What a value of a policy must be, each rule in the words of the JSON schema validator that ECR speaks with.

/** An object that has all of `required`, and nothing but these and `optional`. @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readObject(
  value: unknown,
  required: readonly string[],
  optional: readonly string[],
): Members {
  expectType(value, "object");
  const members = value as Members;
  const missing = required.filter((name) => !Object.hasOwn(members, name));
  if (missing.length > 0) {
    throw policyInvalid(`object has missing required properties (${listed(missing)})`);
  }
  const unknown = Object.keys(members).filter((name) => !required.includes(name) && !optional.includes(name));
  if (unknown.length > 0) {
    throw policyInvalid(
      `object instance has properties which are not allowed by the schema: (${listed(unknown.map(shown))})`,
    );
  }
  return members;
}

/** @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readArray(value: unknown): readonly unknown[] {
  expectType(value, "array");
  return value as readonly unknown[];
}

/** @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readText(value: unknown): string {
  expectType(value, "string");
  return value as string;
}

/** @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readPositive(value: unknown): number {
  expectType(value, "integer");
  const number = value as number;
  if (number < 1) {
    throw policyInvalid(`numeric instance is lower than the required minimum (minimum: 1, found: ${number})`);
  }
  if (number > INTEGER_MAX) {
    throw policyInvalid(
      `numeric instance is greater than the required maximum (maximum: ${INTEGER_MAX}, found: ${number})`,
    );
  }
  return number;
}

/** @throws RegistryError LIFECYCLE_POLICY_INVALID */
export function readEnum<Value extends string>(value: unknown, values: readonly Value[]): Value {
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "null");
  throw policyInvalid(
    `instance value (${shown(text)}) not found in enum :(possible values: ${listed(values)})`,
  );
}

/** What the schema says of members that do not go together. */
export function matchesNoSchema(): Error {
  return policyInvalid("instance failed to match exactly one schema (matched 0 out of 2)");
}

export function shown(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function expectType(value: unknown, wanted: Type): void {
  const type = typeOf(value);
  if (type === wanted) return;
  throw policyInvalid(
    `instance type (${type}) does not match any allowed primitive type (allowed: ${listed([wanted])})`,
  );
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function listed(names: readonly string[]): string {
  return `[${[...names]
    .sort()
    .map((name) => JSON.stringify(name))
    .join(", ")}]`;
}
