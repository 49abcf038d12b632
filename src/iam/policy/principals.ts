import type { Caller, FederatedUserCaller } from "./caller.ts";
import { PolicyError } from "./errors.ts";
import { isObject, listOf } from "./json.ts";

/** One principal that a policy names. */
export type PrincipalEntry =
  | { readonly kind: "everyone"; readonly written: string }
  | { readonly kind: "account"; readonly written: string; readonly account: string }
  | { readonly kind: "user" | "role"; readonly written: string; readonly account: string }
  | {
      readonly kind: "session";
      readonly written: string;
      readonly account: string;
      readonly roleName: string;
    }
  | { readonly kind: "federated-user"; readonly written: string; readonly account: string }
  | { readonly kind: "federated" | "service"; readonly written: string }
  /** A unique id in the place of a user or role that is gone: nobody. */
  | { readonly kind: "deleted"; readonly written: string };

/**
 * How directly an entry names the caller. IAM treats the grants differently (evaluate.ts): 3 by itself (user, session,
 * federated user, root, service, federated, everyone), 2 through the role of the session or the user who vouches for the
 * federated one, 1 through its account, 0 not at all.
 */
export type Directness = 0 | 1 | 2 | 3;

const ACCOUNT = /^\d{12}$/;
/** Of a user or role; with a colon and a name of a session of the role. */
const UNIQUE_ID = /^(?:AIDA|AROA)[A-Z2-7]{17}(?::[A-Za-z0-9+=,.@_-]+)?$/;
const IDENTITY_ARN = /^arn:aws(?:-[a-z-]+)?:(iam|sts)::(\d{12}):(root|[a-z-]+\/.+)$/;
const NAME = "[A-Za-z0-9+=,.@_-]+";
const PATH = "(?:[\\x21-\\x29\\x2b-\\x3e\\x40-\\x7e]*/)?";
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ["user", new RegExp(`^user/${PATH}${NAME}$`)],
  ["role", new RegExp(`^role/${PATH}${NAME}$`)],
  ["assumed-role", new RegExp(`^assumed-role/(${NAME})/${NAME}$`)],
  ["federated-user", new RegExp(`^federated-user/${NAME}$`)],
]);
const FEDERATED =
  /^(?:arn:aws(?:-[a-z-]+)?:iam::\d{12}:(?:oidc|saml)-provider\/[^\s*?]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)$/;
const SERVICE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/;

/**
 * Reads a `Principal` or `NotPrincipal` element (IAM: "AWS JSON policy elements: Principal").
 * @throws PolicyError naming the entry that does not parse
 */
export function parsePrincipals(value: unknown, path: string): readonly PrincipalEntry[] {
  if (value === "*") return [{ kind: "everyone", written: "*" }];
  if (!isObject(value)) {
    throw new PolicyError(path, 'must be "*" or an object with AWS, Federated or Service', value);
  }
  const entries = Object.entries(value).flatMap(([type, named]) =>
    listOf(named, `${path}.${type}`).map((each) => parseEntry(type, each, `${path}.${type}`)),
  );
  if (entries.length === 0) throw new PolicyError(path, "names no principal", value);
  return entries;
}

function parseEntry(type: string, value: unknown, path: string): PrincipalEntry {
  if (typeof value !== "string") throw new PolicyError(path, "must be text or a list of texts", value);
  switch (type) {
    case "AWS":
      return parseAwsPrincipal(value, path);
    case "Federated":
      if (FEDERATED.test(value)) return { kind: "federated", written: value };
      throw new PolicyError(path, "must be the ARN or the domain of an identity provider", value);
    case "Service":
      if (SERVICE.test(value)) return { kind: "service", written: value };
      throw new PolicyError(path, "must be a service like ecr.amazonaws.com", value);
    default:
      throw new PolicyError(path, "is not a kind of principal: AWS, Federated and Service are");
  }
}

function parseAwsPrincipal(written: string, path: string): PrincipalEntry {
  if (written === "*") return { kind: "everyone", written };
  if (ACCOUNT.test(written)) return { kind: "account", written, account: written };
  if (UNIQUE_ID.test(written)) return { kind: "deleted", written };
  const [, service, account, name] = IDENTITY_ARN.exec(written) ?? [];
  if (account !== undefined && name !== undefined) {
    if (service === "iam" && name === "root") return { kind: "account", written, account };
    const type = name.slice(0, name.indexOf("/"));
    const match = FORMS.get(type)?.exec(name);
    if (match && service === "iam" && (type === "user" || type === "role")) {
      return { kind: type, written, account };
    }
    if (match?.[1] !== undefined && service === "sts") {
      return { kind: "session", written, account, roleName: match[1] };
    }
    if (match && service === "sts" && type === "federated-user") return { kind: type, written, account };
  }
  throw new PolicyError(
    path,
    "must be *, an account, or the ARN of a root, user, role, assumed-role session or federated user, without wildcards",
    written,
  );
}

/** How directly a `Principal` element names the caller. */
export function directness(entries: readonly PrincipalEntry[], caller: Caller): Directness {
  let best: Directness = 0;
  for (const entry of entries) {
    const found = directnessOf(entry, caller);
    if (found > best) best = found;
  }
  return best;
}

function directnessOf(entry: PrincipalEntry, caller: Caller): Directness {
  switch (entry.kind) {
    case "everyone":
      return 3;
    case "account":
      if (!("account" in caller) || caller.account !== entry.account) return 0;
      return caller.kind === "root" ? 3 : 1;
    case "user":
      if (caller.kind === "federated-user") return caller.user === entry.written ? 2 : 0;
      return caller.kind === "user" && caller.arn === entry.written ? 3 : 0;
    case "session":
    case "federated-user":
      return caller.kind === entry.kind && caller.arn === entry.written ? 3 : 0;
    case "role":
      return caller.kind === "session" && caller.role === entry.written ? 2 : 0;
    case "federated":
      return caller.kind === "federated" && caller.provider === entry.written ? 3 : 0;
    case "service":
      return caller.kind === "service" && caller.service === entry.written ? 3 : 0;
    case "deleted":
      return 0;
  }
}

/**
 * Whether a `NotPrincipal` element excepts the caller. IAM validates "the account first, then the role, and then the
 * assumed-role user", so a caller is excepted when its account is listed and, should the list name anyone inside that
 * account, the user or the role too; and the session, should the list name sessions of that role, or federated users.
 */
export function excepts(entries: readonly PrincipalEntry[], caller: Caller): boolean {
  if (entries.some(({ kind }) => kind === "everyone")) return true;
  if (!("account" in caller)) return directness(entries, caller) > 0;
  const inside = entries.filter((entry) => "account" in entry && entry.account === caller.account);
  if (!inside.some(({ kind }) => kind === "account")) return false;
  // Somebody who is gone may have been inside: the list still excepts single principals alone.
  const wholly =
    inside.every(({ kind }) => kind === "account") && !entries.some(({ kind }) => kind === "deleted");
  if (caller.kind === "root" || wholly) return true;
  if (caller.kind === "user") return inside.some(({ written }) => written === caller.arn);
  if (caller.kind === "federated-user") return exceptsFederatedUser(inside, caller);
  if (!inside.some(({ written }) => written === caller.role)) return false;
  const roleName = caller.role.slice(caller.role.lastIndexOf("/") + 1);
  const sessions = inside.filter((entry) => entry.kind === "session" && entry.roleName === roleName);
  return sessions.length === 0 || sessions.some(({ written }) => written === caller.arn);
}

function exceptsFederatedUser(
  inside: readonly PrincipalEntry[],
  { arn, user }: FederatedUserCaller,
): boolean {
  if (user !== undefined && !inside.some(({ written }) => written === user)) return false;
  const named = inside.filter(({ kind }) => kind === "federated-user");
  return named.some(({ written }) => written === arn) || (named.length === 0 && user !== undefined);
}
