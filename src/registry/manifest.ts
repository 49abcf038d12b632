import { type Digest, parseDigest } from "./digest.ts";
import { RegistryError } from "./errors.ts";
import { findMisfit, folded } from "./go-shapes.ts";
import {
  IMAGE_MEDIA_TYPES,
  INDEX_MEDIA_TYPES,
  isForeignLayer,
  namesItself,
  retiredBecause,
} from "./media-types.ts";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

/** The largest manifest body, in bytes (distribution-spec "Pushing Manifests" recommends 4 MiB). */
export const MANIFEST_SIZE_MAX = 4 * 1024 * 1024;

/** A reference from a manifest (image-spec "Content Descriptors"); only what the registry acts on. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** The registry need not have it: a foreign layer, or one with `urls`. */
  readonly mayBeAbsent: boolean;
}

/** What a manifest says, beside its bytes. */
export interface ManifestView {
  readonly mediaType: string;
  /** Config and layers of an image, in order; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** Entries of an index, in order; empty for an image. */
  readonly children: readonly Descriptor[];
  readonly subject: Digest | undefined;
  /** As the referrers API reports it: `artifactType`, for an image else the config's media type. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Looser than RFC 6838, since registries store what they are given; still safe as a header value. */
const MEDIA_TYPE = /^[\x20-\x7e\u0080-\uffff]{1,255}$/;

/**
 * Reads a manifest of OCI or Docker schema-2 shape, whatever its config, layer and artifact types.
 * `contentType` is the request's, without parameters, or empty; the body's own `mediaType` then decides. `declaredBy` is
 * what carries it.
 * @throws RegistryError MANIFEST_TOO_LARGE; MANIFEST_TYPE_MISSING; MANIFEST_INVALID, DIGEST_INVALID or SIZE_INVALID naming field, rule and value
 */
export function parseManifest(bytes: Buffer, contentType: string, declaredBy = "Content-Type"): ManifestView {
  if (bytes.length > MANIFEST_SIZE_MAX) {
    throw new RegistryError("MANIFEST_TOO_LARGE", `a manifest has at most ${MANIFEST_SIZE_MAX} bytes`);
  }
  const json = parseObject(bytes);
  const mediaType = mediaTypeOf(json, contentType, declaredBy);
  if (json["schemaVersion"] !== 2) {
    throw invalid("schemaVersion", "must be 2", json["schemaVersion"]);
  }
  const isIndex = INDEX_MEDIA_TYPES.includes(mediaType);
  refuseOtherShape(json, isIndex);
  const common = {
    mediaType,
    subject: subjectOf(json),
    artifactType: optionalString(json, "artifactType"),
    annotations: annotationsOf(json),
  };
  const view = isIndex
    ? { ...common, blobs: [], children: list(json["manifests"], "manifests") }
    : imageView(common, json);
  refuseUndecodable(json, mediaType);
  return view;
}

function imageView(common: Omit<ManifestView, "blobs" | "children">, json: Json): ManifestView {
  const config = descriptor(json["config"], "config");
  const blobs = [config, ...list(json["layers"], "layers")];
  return { ...common, blobs, children: [], artifactType: common.artifactType ?? config.mediaType };
}

function parseObject(bytes: Buffer): Json {
  let value: unknown;
  try {
    value = parseStrictJson(bytes);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new RegistryError("MANIFEST_INVALID", error.message);
    throw error;
  }
  if (!isObject(value)) throw new RegistryError("MANIFEST_INVALID", "a manifest is a JSON object");
  return value;
}

function mediaTypeOf(json: Json, contentType: string, declaredBy: string): string {
  const own = optionalString(json, "mediaType");
  const generic =
    contentType === "" || contentType === "application/json" || contentType === "application/octet-stream";
  const mediaType = generic ? own : contentType;
  if (mediaType === undefined) {
    throw new RegistryError(
      "MANIFEST_TYPE_MISSING",
      `neither ${declaredBy} nor the field mediaType says what the manifest is`,
    );
  }
  const retired =
    retiredBecause(mediaType) ?? (json["schemaVersion"] === 1 ? retiredBecause(SCHEMA_1) : undefined);
  if (retired !== undefined) {
    throw new RegistryError("MANIFEST_INVALID", `${retired} (media type ${quote(mediaType)})`);
  }
  if (!IMAGE_MEDIA_TYPES.includes(mediaType) && !INDEX_MEDIA_TYPES.includes(mediaType)) {
    throw invalid(
      generic ? "mediaType" : declaredBy,
      `must be one of ${[...IMAGE_MEDIA_TYPES, ...INDEX_MEDIA_TYPES].join(", ")}`,
      mediaType,
    );
  }
  if (own !== undefined && own !== mediaType) {
    throw invalid("mediaType", `contradicts the ${declaredBy} ${mediaType}`, own);
  }
  // Else the same bytes could go by two types.
  if (own === undefined && namesItself(mediaType)) {
    throw invalid("mediaType", `must be ${mediaType}, as the ${declaredBy} is`, json["mediaType"]);
  }
  return mediaType;
}

const SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json";

/** A body that reads as image and as index is refused, so that no two clients can see different things (CVE-2021-41190), whatever the case. */
function refuseOtherShape(json: Json, isIndex: boolean): void {
  const foreign = isIndex ? ["config", "layers", "fslayers", "blobs"] : ["manifests", "fslayers", "blobs"];
  for (const field of Object.keys(json)) {
    if (foreign.includes(folded(field))) {
      throw new RegistryError(
        "MANIFEST_INVALID",
        `the field ${field} does not belong into ${isIndex ? "an index" : "an image manifest"}`,
      );
    }
  }
}

/** What Go's decoder refuses, most clients refuse: better the one who pushes hears of it than all who pull. */
function refuseUndecodable(json: Json, mediaType: string): void {
  const misfit = findMisfit(json, mediaType);
  if (misfit !== undefined) throw invalid(misfit.member, misfit.rule, misfit.value);
}

function subjectOf(json: Json): Digest | undefined {
  const value = json["subject"] ?? undefined;
  return value === undefined ? undefined : descriptor(value, "subject").digest;
}

function list(value: unknown, field: string): readonly Descriptor[] {
  // What encoders of Go write for a list that was never filled.
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalid(field, "must be an array of descriptors", value);
  return value.map((entry, position) => descriptor(entry, `${field}[${position}]`));
}

function descriptor(value: unknown, field: string): Descriptor {
  if (!isObject(value)) throw invalid(field, "must be a descriptor", value);
  const { mediaType, digest, size, urls } = value;
  if (typeof mediaType !== "string" || !MEDIA_TYPE.test(mediaType)) {
    throw invalid(
      `${field}.mediaType`,
      "must be a string of 1 to 255 characters without control characters",
      mediaType,
    );
  }
  if (typeof digest !== "string") throw invalid(`${field}.digest`, "must be a digest", digest);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${field}.size`, "must be a non-negative integer", size);
  }
  const hasUrls = Array.isArray(urls) && urls.length > 0;
  return {
    mediaType,
    digest: parseDigest(digest, `${field}.digest`),
    size,
    mayBeAbsent: hasUrls || isForeignLayer(mediaType),
  };
}

function annotationsOf(json: Json): Readonly<Record<string, string>> | undefined {
  const value = json["annotations"];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid("annotations", "must be an object of strings", value);
  for (const [key, text] of Object.entries(value)) {
    if (text !== null && typeof text !== "string")
      throw invalid(`annotations[${quote(key)}]`, "must be a string", text);
  }
  // As Go's decoder has it, null is the empty string.
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, (text as string | null) ?? ""]));
}

function optionalString(json: Json, field: string): string | undefined {
  const value = json[field];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string" || !MEDIA_TYPE.test(value)) {
    throw invalid(field, "must be a string of at most 255 characters without control characters", value);
  }
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(field: string, rule: string, value: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `${field} ${rule}, not ${quote(value)}`, {
    detail: { field, rule },
  });
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
