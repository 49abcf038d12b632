import { parseStrictJson } from "../../registry/strict-json.ts";
import { isObject } from "../policy/json.ts";
import { assumedRoleArn, parseIamArn } from "./arns.ts";
import type { NamedPrincipals, NamingPolicy } from "./ports/index.ts";
import { newUniqueId } from "./unique-ids.ts";

// Policies mean the principal and not its name (IAM, "AWS JSON policy elements: Principal"): trust policies, and those of
// repositories and registries. They are kept with ARNs, as people read and write them; when an ARN becomes another's, or
// nobody's, what is written follows.

/** A user that was renamed is meant by its new ARN. Comes after the renaming itself. */
export function followRenaming(change: NamedPrincipals, arn: string, next: string): Promise<void> {
  return replaceEverywhere(change, arn, next);
}

/**
 * For one that was deleted its unique id takes the place of its ARN, so that nobody is meant for having the name later;
 * and `AROA…:<session>` that of the ARN of a session of a role. Comes after the deletion itself.
 */
export function followDeletion(change: NamedPrincipals, arn: string, uniqueId: string): Promise<void> {
  return replaceEverywhere(change, arn, uniqueId);
}

/**
 * Whoever takes a name gets nothing that was given to it before: by a policy that was stored when nobody was asked whether
 * the principal exists, or by a node of an older version. What names the ARN means nobody from then on. Comes before the
 * principal has the ARN.
 */
export function forgetName(change: NamedPrincipals, arn: string): Promise<void> {
  const kind = parseIamArn(arn)?.kind;
  return kind === "user" || kind === "role"
    ? replaceEverywhere(change, arn, newUniqueId(kind))
    : Promise.resolve();
}

async function replaceEverywhere(change: NamedPrincipals, arn: string, next: string): Promise<void> {
  const sessions = sessionsOf(arn);
  const replace = (named: string): string => {
    if (named === arn) return next;
    return sessions !== undefined && named.startsWith(sessions)
      ? `${next}:${named.slice(sessions.length)}`
      : named;
  };
  // Where a name ends shows by the quotation mark.
  const texts = [`${arn}"`, ...(sessions === undefined ? [] : [sessions])];
  for (const stored of await change.policiesWith(texts)) {
    const document = withPrincipals(stored, replace);
    if (document !== undefined) await change.replacePolicy(stored, document);
  }
}

/** What ARNs of sessions of a role begin with; undefined for who has none. They lack the path of the role. */
function sessionsOf(arn: string): string | undefined {
  const parts = parseIamArn(arn);
  return parts?.kind === "role" ? assumedRoleArn(parts.account, parts.name, "") : undefined;
}

/** The document with other principals; undefined when that changes nothing, or it cannot be read. */
function withPrincipals(
  { document: text }: NamingPolicy,
  replace: (named: string) => string,
): string | undefined {
  const document = parsed(text);
  if (!isObject(document)) return undefined;
  const { Statement: listed } = document;
  let changes = false;
  const replaced = (named: unknown): unknown => {
    if (Array.isArray(named)) return named.map(replaced);
    if (typeof named !== "string") return named;
    const next = replace(named);
    changes ||= next !== named;
    return next;
  };
  const inStatement = (statement: unknown): unknown => {
    if (!isObject(statement)) return statement;
    const elements = ["Principal", "NotPrincipal"].flatMap((element) => {
      const named = statement[element];
      return isObject(named) && named["AWS"] !== undefined
        ? [[element, { ...named, AWS: replaced(named["AWS"]) }] as const]
        : [];
    });
    return { ...statement, ...Object.fromEntries(elements) };
  };
  const Statement = Array.isArray(listed) ? listed.map(inStatement) : inStatement(listed);
  return changes ? JSON.stringify({ ...document, Statement }) : undefined;
}

/** Something that is no document names nobody, and must not keep anybody from being deleted. */
function parsed(text: string): unknown {
  try {
    return parseStrictJson(Buffer.from(text));
  } catch {
    return undefined;
  }
}
