import type { Call } from "../../iam/actions.ts";
import { scopeFor } from "../../iam/tokens/scopes.ts";
import { Parameters, QUERY_LIMITS } from "../../kernel/parameters.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { Client } from "../client.ts";
import { resourceAt } from "../oci/paths.ts";
import { registryQuery } from "../oci/query.ts";

/** What is wrong with the token that came (RFC 6750 section 3.1); clients then drop it and ask for another one. */
export type BearerError = "invalid_token" | "insufficient_scope";

/** The value of `WWW-Authenticate`. */
export type Challenge = (error?: BearerError) => string;

/** Where clients get tokens. */
export const TOKEN_PATH = "/token";

export function basicChallenge(client: Client, path = "/"): string {
  return `Basic realm="${client.origin}${path}",service="berth"`;
}

/** Names the exact scope of the request: clients that do not ping take it from there. */
export function bearerChallenge(
  client: Client,
  call: Call | "ping",
  url: string,
  error?: BearerError,
): string {
  const scopes = scopesOf(call, url).join(" ");
  const scope = scopes === "" ? "" : `,scope="${scopes}"`;
  const reason = error === undefined ? "" : `,error="${error}"`;
  return `Bearer realm="${client.origin}${TOKEN_PATH}",service="${hostOf(client)}"${scope}${reason}`;
}

function scopesOf(call: Call | "ping", url: string): readonly string[] {
  if (call === "ping") return [];
  if (call === "listRepositories") return [scopeFor(call, undefined)];
  const [path = ""] = url.split("?", 1);
  const name = validName(repositoryIn(path));
  if (name === undefined) return [];
  const from = call === "startUpload" ? validName(sourceIn(url)) : undefined;
  const source = from === undefined || from === name ? [] : [scopeFor("mountFrom", from)];
  return [scopeFor(call, name), ...source];
}

/** The name in a path of the registry, as it stands there. */
function repositoryIn(path: string): string | undefined {
  const found = resourceAt(path);
  return found !== undefined && "name" in found ? found.name : undefined;
}

/** The repository that a mount names. */
function sourceIn(url: string): string | null {
  return Parameters.pick(registryQuery(url), ["from"], QUERY_LIMITS).get("from");
}

/** A name that may stand in a header. */
function validName(text: string | null | undefined): string | undefined {
  try {
    return parseRepositoryName(decodeURIComponent(text ?? ""));
  } catch {
    return undefined;
  }
}

function hostOf({ origin }: Client): string {
  return origin.slice(origin.indexOf("//") + 2);
}
