import { type Digest, parseDigest } from "../../registry/digest.ts";
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from "../../registry/names.ts";
import { UsageError } from "../command-line.ts";
import { quote } from "./errors.ts";

/** `HOST[:PORT]/REPO[:TAG][@DIGEST]`. Without tag and digest the tag is `latest`. */
export interface ImageReference {
  /** With its port when one was given; lower case. */
  readonly host: string;
  readonly repository: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/** A reference as it is written. */
export interface WrittenReference extends Omit<ImageReference, "host"> {
  /** Undefined where it begins with the repository's name. */
  readonly host: string | undefined;
}

/**
 * @throws UsageError when there is no host in it
 * @throws RegistryError NAME_INVALID, TAG_INVALID or DIGEST_INVALID naming the rule that is broken
 */
export function parseReference(text: string): ImageReference {
  const written = partsOf(text);
  if (written.host === undefined) throw withoutHost(text);
  const { host, repository, tag, digest } = nameParts({ ...written, host: written.host });
  const isBare = tag === undefined && digest === undefined;
  return { host, repository, digest, tag: isBare ? parseTag("latest") : tag };
}

/**
 * Reads a reference whose host may be left out, as docker tells them apart: a host holds a dot or a colon, or is
 * `localhost`. Tag and digest are what stands there.
 * @throws UsageError when the host is none
 * @throws RegistryError NAME_INVALID, TAG_INVALID or DIGEST_INVALID naming the rule that is broken
 */
export function parseWrittenReference(text: string): WrittenReference {
  return nameParts(partsOf(text));
}

function partsOf(text: string) {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const name = at < 0 ? text : text.slice(0, at);
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0)).toLowerCase();
  if (!/[.:[]/.test(first) && first !== "localhost") return { host: undefined, path: name, digest };
  if (!HOST.test(first)) throw withoutHost(text);
  return { host: first, path: name.slice(slash + 1), digest };
}

function nameParts<Host>({
  host,
  path,
  digest,
}: {
  readonly host: Host;
  readonly path: string;
  readonly digest: Digest | undefined;
}) {
  const colon = path.indexOf(":");
  const repository = parseRepositoryName(colon < 0 ? path : path.slice(0, colon));
  return { host, repository, tag: colon < 0 ? undefined : parseTag(path.slice(colon + 1)), digest };
}

function withoutHost(text: string): UsageError {
  return new UsageError(
    `the reference ${quote(text)} must begin with the registry's host, as in registry.example.com/app:1 or localhost:5050/app:1`,
  );
}

/** As docker writes it: `HOST/REPO:TAG`, or `HOST/REPO@DIGEST` when there is no tag. */
export function formatReference(reference: ImageReference): string {
  const name = `${reference.host}/${reference.repository}`;
  return reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}`;
}

/** What the commands print at the end: the reference and the digest that it now has. */
export function formatPinned(reference: ImageReference, digest: Digest): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return `${reference.host}/${reference.repository}${tag}@${digest}`;
}

/** Whether a host (with or without port) is this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
