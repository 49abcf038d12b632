import type { Call } from "../../iam/actions.ts";
import { scopeFor } from "../../iam/tokens/scopes.ts";
import { Parameters, QUERY_LIMITS } from "../../kernel/parameters.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import { resourceAt } from "./paths.ts";
import { registryQuery } from "./query.ts";

/** The scopes that a token needs for a request (Docker token specification). */
export function wantedScopes(call: Call | "ping", url: string): readonly string[] {
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
