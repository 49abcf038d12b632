import { readStoredDocument } from "../policy/document.ts";
import type { PrincipalEntry } from "../policy/principals.ts";
import { assumedRoleArn } from "./arns.ts";
import type { NamedPrincipals } from "./ports/index.ts";

/**
 * A user, role or session of a role that the policy of a repository or registry names and that does not exist, in whatever
 * account: the policy would mean whoever comes by that name (ecr.md section 7). Accounts are not asked for, since a number
 * never means another. Undefined when everybody exists; until the change ends they all do.
 */
export async function missingPrincipal(
  named: Pick<NamedPrincipals, "existingPrincipals">,
  kind: "repository" | "registry",
  text: string,
): Promise<string | undefined> {
  const { statements } = readStoredDocument(text, { kind });
  const entries = statements.flatMap(({ principals }) => principals?.entries ?? []);
  const wanted = entries.flatMap(principalOf);
  if (wanted.length === 0) return undefined;
  const arns = wanted.flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
  const existing = await named.existingPrincipals(arns, []);
  return wanted.find(({ arn }) => arn === undefined || !existing.has(arn))?.written;
}

/** The user or role that has to exist, or whose session it is; undefined for a unique id, which nobody may write. */
function principalOf(entry: PrincipalEntry): readonly { written: string; arn: string | undefined }[] {
  const { kind, written } = entry;
  if (kind === "session") return [{ written, arn: assumedRoleArn(entry.account, entry.roleName, "") }];
  if (kind === "deleted") return [{ written, arn: undefined }];
  return kind === "user" || kind === "role" ? [{ written, arn: written }] : [];
}
