import type { PolicyDocument } from "../policy/document.ts";
import { isObject } from "../policy/json.ts";
import type { PrincipalEntry } from "../policy/principals.ts";
import { parseTrustPolicy } from "./documents.ts";
import { IamError } from "./errors.ts";
import type { TrustWriter } from "./ports/index.ts";

/**
 * Holds a trust policy to what AWS holds it to when it is saved: users, roles and accounts that it names must exist. Of
 * an identity provider or a session only the form is looked at.
 * @throws IamError MalformedPolicyDocumentException, LimitExceededException
 */
export async function requireTrustPolicy(change: TrustWriter, text: string): Promise<PolicyDocument> {
  const document = parseTrustPolicy(text);
  const entries = document.statements.flatMap(({ principals }) => principals?.entries ?? []);
  const existing = await change.existingPrincipals(
    entries.filter(({ kind }) => kind === "user" || kind === "role").map(({ written }) => written),
    entries.flatMap((entry) => ("account" in entry ? [entry.account] : [])),
  );
  const missing = entries.find((entry) => !exists(entry, existing));
  if (missing === undefined) return document;
  throw new IamError(
    "MalformedPolicyDocumentException",
    `Invalid principal in policy: "AWS":"${missing.written}"`,
  );
}

function exists(entry: PrincipalEntry, existing: ReadonlySet<string>): boolean {
  switch (entry.kind) {
    case "user":
    case "role":
      return existing.has(entry.written);
    case "account":
    case "session":
      return existing.has(entry.account);
    case "deleted":
      return false;
    default:
      return true;
  }
}

/**
 * Lets trust policies mean the principal and not its name: one that is renamed is trusted on, and for one that is deleted
 * its unique id takes the place of its ARN, so that nobody is trusted for having the name later (IAM, "AWS JSON policy
 * elements: Principal"). Comes after the renaming or deletion itself.
 */
export async function followPrincipal(change: TrustWriter, arn: string, next: string): Promise<void> {
  const account = arn.split(":")[4] ?? "";
  for (const stored of await change.trustPoliciesWith(account)) {
    const trustPolicy = withPrincipal(stored.trustPolicy, arn, next);
    if (trustPolicy !== undefined) await change.replaceTrustPolicy(stored, trustPolicy);
  }
}

/** The document with another principal for `arn`; undefined when it does not name it. */
function withPrincipal(text: string, arn: string, next: string): string | undefined {
  const document: unknown = JSON.parse(text);
  if (!isObject(document)) return undefined;
  const { Statement: listed } = document;
  const statements = Array.isArray(listed) ? listed : [listed];
  let found = false;
  const changed = statements.map((statement: unknown) => {
    if (!isObject(statement) || !isObject(statement["Principal"])) return statement;
    const { AWS: named } = statement["Principal"];
    if (named !== arn && !(Array.isArray(named) && named.includes(arn))) return statement;
    found = true;
    const AWS = Array.isArray(named) ? named.map((each: unknown) => (each === arn ? next : each)) : next;
    return { ...statement, Principal: { ...statement["Principal"], AWS } };
  });
  if (!found) return undefined;
  return JSON.stringify({ ...document, Statement: Array.isArray(listed) ? changed : changed[0] });
}
