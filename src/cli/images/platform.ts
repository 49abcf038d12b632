import { type Descriptor, parseManifest } from "../../registry/manifest.ts";
import { OCI_INDEX } from "../../registry/media-types.ts";
import { UsageError } from "../command-line.ts";
import { quote } from "./errors.ts";
import { isObject, type JsonObject, parseObject, stringOf } from "./untrusted-json.ts";

/** `os/architecture[/variant]`, e.g. `linux/arm64`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

/** An entry of an index with what a person chooses by. */
export interface IndexEntry extends Descriptor {
  readonly platform: Platform | undefined;
  readonly annotations: JsonObject;
}

/** @throws UsageError when `text` is no `os/architecture[/variant]` */
export function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", variant, ...rest] = text.split("/");
  if (![os, architecture, variant ?? "x"].every((part) => /^[\w.-]+$/.test(part)) || rest.length > 0) {
    throw new UsageError(`the platform ${quote(text)} must be os/architecture[/variant], as in linux/arm64`);
  }
  return { os, architecture, variant };
}

/** Where this program runs, as docker names it; always Linux, since its images are what docker on a desktop runs too. */
export function runningPlatform(): Platform {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return { os: "linux", architecture, variant: undefined };
}

/** Whether an image of `platform` is what was asked for; a variant counts only when one was asked for. */
export function matches(wanted: Platform, platform: Platform): boolean {
  if (wanted.os !== platform.os || wanted.architecture !== platform.architecture) return false;
  if (wanted.variant === undefined) return true;
  // containerd's normalisation: arm64 without a variant is v8, arm is v7.
  const usual = { arm64: "v8", arm: "v7" }[platform.architecture];
  return wanted.variant === (platform.variant ?? usual);
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined).join("/");
}

/** The `platform` of a descriptor, or the same fields of an image's config. */
export function platformOf(json: unknown): Platform | undefined {
  if (!isObject(json)) return undefined;
  const os = stringOf(json, "os");
  const architecture = stringOf(json, "architecture");
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, variant: stringOf(json, "variant") };
}

/**
 * Entries of an index in their order.
 * @throws RegistryError MANIFEST_INVALID when it is no index
 */
export function indexEntries(bytes: Buffer, mediaType: string = OCI_INDEX): readonly IndexEntry[] {
  const { children } = parseManifest(bytes, mediaType);
  const raw = parseObject(bytes, "the index")["manifests"];
  return children.map((child, position) => {
    const json: unknown = Array.isArray(raw) ? raw[position] : undefined;
    const annotations = isObject(json) && isObject(json["annotations"]) ? json["annotations"] : {};
    return { ...child, annotations, platform: isObject(json) ? platformOf(json["platform"]) : undefined };
  });
}
