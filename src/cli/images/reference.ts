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

/**
 * @throws UsageError when there is no host in it
 * @throws RegistryError NAME_INVALID, TAG_INVALID or DIGEST_INVALID naming the rule that is broken
 */
export function parseReference(text: string): ImageReference {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const name = at < 0 ? text : text.slice(0, at);
  const slash = name.indexOf("/");
  const host = name.slice(0, Math.max(slash, 0)).toLowerCase();
  if (!HOST.test(host) || !(/[.:[]/.test(host) || host === "localhost")) {
    throw new UsageError(
      `the reference ${quote(text)} must begin with the registry's host, as in registry.example.com/app:1 or localhost:5050/app:1`,
    );
  }
  const path = name.slice(slash + 1);
  const colon = path.indexOf(":");
  const repository = parseRepositoryName(colon < 0 ? path : path.slice(0, colon));
  const tag = colon < 0 ? undefined : parseTag(path.slice(colon + 1));
  return {
    ...{ host, repository, digest },
    tag: tag === undefined && digest === undefined ? parseTag("latest") : tag,
  };
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
