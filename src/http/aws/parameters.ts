import type { ServiceModel } from "../../aws-models/model.ts";

/** Characters of one string, and entries of one list or map, that are kept. */
const STRING_MAX = 2_048;
const ENTRIES_MAX = 50;

/** Input of an operation as the audit log keeps it: without what the model calls sensitive, long values cut. */
export function parametersOf(model: ServiceModel, operation: string, input: unknown): unknown {
  const shape = model.operations[operation]?.input;
  return shape === undefined ? undefined : keep(model, shape, input);
}

function keep(model: ServiceModel, name: string, value: unknown): unknown {
  const shape = model.shapes[name];
  if (shape === undefined || shape.sensitive || value === undefined) return undefined;
  if (typeof value === "string") return value.length > STRING_MAX ? `${value.slice(0, STRING_MAX)}…` : value;
  if (Array.isArray(value)) {
    return value.slice(0, ENTRIES_MAX).map((element) => keep(model, shape.member ?? "", element) ?? null);
  }
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  const shapeOf = (key: string): string => shape.members?.[key] ?? shape.value ?? "";
  const entries = Object.entries(value).slice(0, ENTRIES_MAX);
  return Object.fromEntries(entries.map(([key, member]) => [key, keep(model, shapeOf(key), member)]));
}
