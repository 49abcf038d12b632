import { invalidParameter } from "../aws-error.ts";
import type { PageBinding, PageTokens } from "../page-tokens.ts";

/** Entries of a page when the client names no number. */
export const PAGE_DEFAULT = 100;

/** The key after which a page begins; undefined for the first page. @throws AwsError InvalidParameterException */
export function openNextToken(
  tokens: PageTokens,
  binding: PageBinding,
  token: string | undefined,
): readonly string[] | undefined {
  if (token === undefined) return undefined;
  const after = tokens.open(binding, token);
  if (after === undefined)
    throw invalidParameter("nextToken", "Member must be a token of this very operation");
  return after;
}

/** Names and paging exclude each other (ecr.md section 5). @throws AwsError InvalidParameterException */
export function refusePagingWith(
  names: string,
  input: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): void {
  for (const member of ["maxResults", "nextToken"] as const) {
    if (input[member] !== undefined) {
      throw invalidParameter(member, `Member must be null when '${names}' is given`);
    }
  }
}
