import type { Client } from "../client.ts";

/** What is wrong with the token that came (RFC 6750 section 3.1); clients then drop it and ask for another one. */
export type BearerError = "invalid_token" | "insufficient_scope";

/** The value of `WWW-Authenticate`. */
export type Challenge = (error?: BearerError) => string;

/** Where clients get tokens. */
export const TOKEN_PATH = "/token";

export function basicChallenge(client: Client, path = "/"): string {
  return `Basic realm="${client.origin}${path}",service="berth"`;
}

/** Names the exact scopes of the request: clients that do not ping take them from there. */
export function bearerChallenge(client: Client, scopes: readonly string[], error?: BearerError): string {
  const scope = scopes.length === 0 ? "" : `,scope="${scopes.join(" ")}"`;
  const reason = error === undefined ? "" : `,error="${error}"`;
  return `Bearer realm="${client.origin}${TOKEN_PATH}",service="${hostOf(client)}"${scope}${reason}`;
}

function hostOf({ origin }: Client): string {
  return origin.slice(origin.indexOf("//") + 2);
}
