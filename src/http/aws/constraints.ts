import { type ServiceModel, type Shape, shapeOf } from "../../aws-models/model.ts";
import { matchesPattern } from "./patterns.ts";

/** Members of a structure by name, elements of a list by their position from 1, entries of a map by key. */
export type Path = readonly (string | number)[];

export type Rule =
  | { readonly kind: "required" }
  | { readonly kind: "min-length" | "max-length" | "min-value" | "max-value"; readonly bound: number }
  | { readonly kind: "pattern"; readonly pattern: string }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "characters" };

/** A rule of the model that a decoded input breaks. */
export interface Violation {
  readonly path: Path;
  readonly rule: Rule;
  readonly value: unknown;
  /** The value must not be shown. */
  readonly sensitive: boolean;
}

/** More than this many are not looked for: nobody reads them, and they cost memory. */
const VIOLATIONS_MAX = 10;

/** Every constraint that a decoded value breaks, in the order of the model. */
export function violationsOf(model: ServiceModel, shapeName: string, value: unknown): readonly Violation[] {
  const found: Violation[] = [];
  walk({ model, found }, shapeName, value, []);
  return found;
}

interface Walk {
  readonly model: ServiceModel;
  readonly found: Violation[];
}

function walk(at: Walk, shapeName: string, value: unknown, path: Path): void {
  if (at.found.length >= VIOLATIONS_MAX) return;
  const shape = shapeOf(at.model, shapeName);
  const sensitive = shape.sensitive === true;
  for (const rule of brokenRules(shape, value)) at.found.push({ path, rule, value, sensitive });
  // A list that is too long is not looked into: its length is already what is wrong.
  if (tooLong(shape, value)) return;
  if (shape.type === "structure" && shape.document !== true) walkMembers(at, shape, value as Members, path);
  if (shape.type === "list") {
    for (const [index, element] of (value as readonly unknown[]).entries()) {
      walk(at, shape.member ?? "", element, [...path, index + 1, "member"]);
    }
  }
  if (shape.type === "map") {
    for (const [key, entry] of Object.entries(value as Members)) {
      walk(at, shape.key ?? "", key, [...path, "key"]);
      walk(at, shape.value ?? "", entry, [...path, key]);
    }
  }
}

type Members = Readonly<Record<string, unknown>>;

function walkMembers(at: Walk, shape: Shape, value: Members, path: Path): void {
  for (const [name, memberShape] of Object.entries(shape.members ?? {})) {
    const member = value[name];
    if (member !== undefined) walk(at, memberShape, member, [...path, name]);
    else if (shape.required?.includes(name)) {
      at.found.push({ path: [...path, name], rule: { kind: "required" }, value: null, sensitive: false });
    }
  }
}

function brokenRules(shape: Shape, value: unknown): readonly Rule[] {
  const { type, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = shape;
  const measure = type === "integer" || type === "long" || type === "double" ? "value" : "length";
  const size = measure === "value" ? (value as number) : lengthOf(value);
  if (size !== undefined && size < min) return [{ kind: `min-${measure}`, bound: min }];
  if (size !== undefined && size > max) return [{ kind: `max-${measure}`, bound: max }];
  return typeof value === "string" ? brokenText(shape, value) : [];
}

function brokenText(shape: Shape, text: string): readonly Rule[] {
  if (shape.enum !== undefined && !shape.enum.includes(text)) return [{ kind: "enum", values: shape.enum }];
  if (shape.pattern !== undefined && !matchesPattern(shape.pattern, text)) {
    return [{ kind: "pattern", pattern: shape.pattern }];
  }
  // Postgres text holds no NUL, and an unpaired surrogate would come back as another character.
  return text.includes("\0") || !text.isWellFormed() ? [{ kind: "characters" }] : [];
}

function tooLong(shape: Shape, value: unknown): boolean {
  const length = lengthOf(value);
  return length !== undefined && length > (shape.max ?? Number.POSITIVE_INFINITY);
}

/** Of text in characters, of blobs in bytes, of lists and maps in entries. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value === "string") return characters(value);
  if (Buffer.isBuffer(value) || Array.isArray(value)) return value.length;
  if (typeof value !== "object" || value === null || value instanceof Date) return undefined;
  return Object.keys(value).length;
}

function characters(text: string): number {
  let pairs = 0;
  for (let at = 0; at + 1 < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0xd800 || code > 0xdbff) continue;
    const next = text.charCodeAt(at + 1);
    if (next >= 0xdc00 && next <= 0xdfff) pairs++;
  }
  return text.length - pairs;
}
