import { DOCKER_LIST, OCI_INDEX } from "./media-types.ts";

/**
 * The type of a JSON value, as the structs of Go have it by which docker, containerd and most others read manifests
 * (image-spec `specs-go`, distribution's `manifestlist`).
 */
type Shape = "string" | "integer" | "bytes" | ListShape | MapShape | ObjectShape;
interface ListShape {
  readonly each: Shape;
}
interface MapShape {
  readonly values: Shape;
}
interface ObjectShape {
  /** By name in lower case. */
  readonly members: ReadonlyMap<string, Shape>;
}

/** What does not fit a shape: which member, and what it must be. */
export interface Misfit {
  readonly member: string;
  readonly rule: string;
  readonly value: unknown;
}

const object = (members: Readonly<Record<string, Shape>>): ObjectShape => ({
  members: new Map(Object.entries(members)),
});
const STRINGS: Shape = { each: "string" };
const ANNOTATIONS: Shape = { values: "string" };
const PLATFORM: Readonly<Record<string, Shape>> = {
  ...{ architecture: "string", os: "string", "os.version": "string", variant: "string" },
  "os.features": STRINGS,
};

function descriptorShape(platform: ObjectShape): Shape {
  return object({
    ...{ mediatype: "string", digest: "string", size: "integer", urls: STRINGS, data: "bytes" },
    ...{ annotations: ANNOTATIONS, artifacttype: "string", platform },
  });
}

function manifestShape(descriptor: Shape, members: Readonly<Record<string, Shape>>): Shape {
  return object({
    ...{ schemaversion: "integer", mediatype: "string", artifacttype: "string", annotations: ANNOTATIONS },
    ...{ subject: descriptor, ...members },
  });
}

const DESCRIPTOR = descriptorShape(object(PLATFORM));
const DOCKER_ENTRY = descriptorShape(object({ ...PLATFORM, features: STRINGS }));
const IMAGE = manifestShape(DESCRIPTOR, { config: DESCRIPTOR, layers: { each: DESCRIPTOR } });
const INDEXES: ReadonlyMap<string, Shape> = new Map([
  [OCI_INDEX, manifestShape(DESCRIPTOR, { manifests: { each: DESCRIPTOR } })],
  [DOCKER_LIST, manifestShape(DESCRIPTOR, { manifests: { each: DOCKER_ENTRY } })],
]);

/**
 * The first member of a manifest that Go's `encoding/json` would refuse: it takes null for anything, members that it
 * does not know, and names in any letter case. Of two names that differ by that alone it takes the last one, where others
 * take the one they know: such a pair is a misfit as well. Undefined when there is none.
 */
export function findMisfit(manifest: unknown, mediaType: string): Misfit | undefined {
  return misfitOf(manifest, INDEXES.get(mediaType) ?? IMAGE, "");
}

function misfitOf(value: unknown, shape: Shape, member: string): Misfit | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof shape === "string")
    return fits(value, shape) ? undefined : { member, rule: RULES[shape], value };
  if ("each" in shape) {
    if (!Array.isArray(value)) return { member, rule: "must be an array", value };
    return first(value.entries(), ([at, each]) => misfitOf(each, shape.each, `${member}[${at}]`));
  }
  if (typeof value !== "object" || Array.isArray(value)) return { member, rule: "must be an object", value };
  if ("values" in shape) {
    return first(Object.entries(value), ([name, each]) =>
      misfitOf(each, shape.values, `${member}[${quoted(name)}]`),
    );
  }
  const seen = new Set<string>();
  return first(Object.entries(value), ([name, each]) => {
    const known = shape.members.has(name) ? name : folded(name);
    const wanted = shape.members.get(known);
    if (wanted === undefined) return undefined;
    const path = member === "" ? name : `${member}.${quotedUnlessPlain(name)}`;
    const misfit = misfitOf(each, wanted, path);
    if (misfit !== undefined || !seen.has(known)) {
      seen.add(known);
      return misfit;
    }
    return { member: path, rule: "must come once, in whatever letter case", value: each };
  });
}

const RULES = {
  string: "must be a string",
  integer: "must be an integer",
  bytes: "must be a string of base64",
} as const;

function fits(value: unknown, shape: keyof typeof RULES): boolean {
  if (shape === "string") return typeof value === "string";
  if (shape === "integer") return Number.isInteger(value);
  if (Array.isArray(value))
    return value.every((byte) => byte === null || (Number.isInteger(byte) && byte >= 0 && byte < 256));
  return typeof value === "string" && isBase64(value);
}

/** RFC 4648 section 4 with padding; line breaks do not count. */
function isBase64(text: string): boolean {
  const compact = text.replaceAll(/[\r\n]/g, "");
  return compact.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(compact);
}

/** A name in lower case, as Go compares those of members: also the two letters of Unicode that fold to ASCII. Empty for one that is too long to be a known one. */
export function folded(name: string): string {
  return name.length > LONGEST_NAME ? "" : name.toUpperCase().toLowerCase();
}

const LONGEST_NAME = "schemaversion".length;

function quotedUnlessPlain(name: string): string {
  return /^[\w.]+$/.test(name) ? name : quoted(name);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function first<Item>(items: Iterable<Item>, find: (item: Item) => Misfit | undefined): Misfit | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
