import { RegistryError } from "../../registry/errors.ts";
import { parseRepositoryName, type RepositoryName } from "../../registry/names.ts";
import { type Call, SCOPE_ACTIONS } from "../actions.ts";
import type { TokenAccess } from "./registry-token.ts";

/** What a scope asks for, as far as Berth has it. Name undefined: the registry's catalog. */
export interface WantedScope {
  readonly name: RepositoryName | undefined;
  readonly actions: readonly ScopedAction[];
}

type ScopedAction = "pull" | "push" | "delete" | "*";

/** Scopes of one token. */
export const SCOPES_MAX = 32;

/** The calls that a holder of an action makes first. All of them must be allowed for the action to be granted. */
const FIRST_CALLS: Readonly<Record<ScopedAction, readonly Call[]>> = {
  pull: ["getManifest"],
  push: ["startUpload", "putManifest"],
  delete: ["deleteManifest"],
  "*": ["listRepositories"],
};
const ON_REPOSITORIES = ["pull", "push", "delete"] as const;

/**
 * Scopes as clients write them (Docker token specification): several in one text, the same one twice, actions in any
 * order. What is malformed or of a kind that Berth does not have asks for nothing.
 * @throws RegistryError (400) for more than {@link SCOPES_MAX}
 */
export function parseScopes(texts: readonly string[]): readonly WantedScope[] {
  const merged = new Map<string, Set<string>>();
  for (const text of texts.flatMap((value) => value.split(/\s+/))) {
    if (text === "") continue;
    const first = text.indexOf(":");
    const last = text.lastIndexOf(":");
    const resource = `${text.slice(0, first).replace(/\([a-z]+\)$/, "")}:${text.slice(first + 1, last)}`;
    const actions = merged.get(resource) ?? new Set();
    if (first < last) for (const action of text.slice(last + 1).split(",")) actions.add(action);
    merged.set(resource, actions);
    if (merged.size > SCOPES_MAX) {
      throw new RegistryError("SCOPES_TOO_MANY", `a token has at most ${SCOPES_MAX} scopes`);
    }
  }
  return [...merged].flatMap(([resource, actions]) => wantedScope(resource, actions) ?? []);
}

function wantedScope(resource: string, actions: ReadonlySet<string>): WantedScope | undefined {
  const colon = resource.indexOf(":");
  const kind = resource.slice(0, colon);
  const name = resource.slice(colon + 1);
  if (kind === "registry" && name === "catalog" && actions.has("*"))
    return { name: undefined, actions: ["*"] };
  const known = repositoryName(name);
  if (kind !== "repository" || known === undefined) return undefined;
  return {
    name: known,
    actions: ON_REPOSITORIES.filter((action) => actions.has(action) || actions.has("*")),
  };
}

function repositoryName(text: string): RepositoryName | undefined {
  try {
    return parseRepositoryName(text);
  } catch {
    return undefined;
  }
}

/** As much of what is wanted as `mayCall` allows. */
export async function grantScopes(
  wanted: readonly WantedScope[],
  mayCall: (call: Call, name: RepositoryName | undefined) => Promise<boolean>,
): Promise<readonly TokenAccess[]> {
  const granted: TokenAccess[] = [];
  for (const { name, actions } of wanted) {
    const allowed: string[] = [];
    for (const action of actions) {
      const verdicts = await Promise.all(FIRST_CALLS[action].map((call) => mayCall(call, name)));
      if (verdicts.every((may) => may)) allowed.push(action);
    }
    if (allowed.length > 0) granted.push({ ...resourceOf(name), actions: allowed });
  }
  return granted;
}

/** What was granted, as clients write scopes; empty for nothing. */
export function scopeText(granted: readonly TokenAccess[]): string {
  return granted.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" ");
}

/** What a token is narrowed to that its holder got to pull what anybody may, and stands for nobody beyond that. */
export const PUBLIC_ACCESS: readonly TokenAccess[] = [{ type: "public", name: "*", actions: ["pull"] }];

/** Whether a token is narrowed to what anybody may pull. */
export function isPublic(access: readonly TokenAccess[] | undefined): boolean {
  return access?.some(({ type }) => type === "public") === true;
}

/** Whether a token that is narrowed to `access` is good for a call. */
export function isInScope(
  access: readonly TokenAccess[] | undefined,
  call: Call,
  name: RepositoryName | undefined,
): boolean {
  if (access === undefined) return true;
  const { type, name: resource } = resourceOf(name);
  const action = SCOPE_ACTIONS[call];
  if (isPublic(access)) return name !== undefined && action === "pull";
  return access.some(
    (entry) => entry.type === type && entry.name === resource && entry.actions.includes(action),
  );
}

/** The scope that a client has to ask for to make a call; who pushes also looks at what is there. */
export function scopeFor(call: Call, name: string | undefined): string {
  const { type, name: resource } = resourceOf(name);
  const action = SCOPE_ACTIONS[call];
  return `${type}:${resource}:${action === "push" ? "pull,push" : action}`;
}

function resourceOf(name: string | undefined): { readonly type: string; readonly name: string } {
  return name === undefined ? { type: "registry", name: "catalog" } : { type: "repository", name };
}

/** What the claim `reg` of a scoped token says: a scope names repositories of one registry, not of all. */
export function scopedRegistry({ account, region }: { account: string; region: string }): string {
  return `${account}/${region}`;
}

/** The token that an `Authorization` header carries: Bearer, or the password of user `AWS`. */
export function tokenIn(authorization: string): string | undefined {
  const bearer = /^bearer +([^ ].*)$/is.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = Buffer.from(/^basic +([^ ].*)$/is.exec(authorization)?.[1] ?? "", "base64").toString("utf8");
  return basic.startsWith("AWS:") ? basic.slice("AWS:".length) : undefined;
}
