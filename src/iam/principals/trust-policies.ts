import type { PolicyDocument } from "../policy/document.ts";
import type { PrincipalEntry } from "../policy/principals.ts";
import { parseTrustPolicy } from "./documents.ts";
import { IamError } from "./errors.ts";
import type { NamedPrincipals } from "./ports/index.ts";

/**
 * Holds a trust policy to what AWS holds it to when it is saved: users, roles and accounts that it names must exist. Of
 * an identity provider or a session only the form is looked at.
 * @throws IamError MalformedPolicyDocumentException, LimitExceededException
 */
export async function requireTrustPolicy(change: NamedPrincipals, text: string): Promise<PolicyDocument> {
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
    case "federated-user":
      return existing.has(entry.account);
    case "deleted":
      return false;
    default:
      return true;
  }
}
