import type { RegistryAddress } from "../../../registry/scope.ts";
import { invalidParameter } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import type { PageTokens } from "../page-tokens.ts";
import { ListPage } from "../paging.ts";

interface Paged {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/**
 * A page of a list of a registry, as ECR's clients ask for it; `filters` are all else that decides what is listed.
 * @throws AwsError InvalidParameterException
 */
export function pageOf(
  tokens: PageTokens,
  call: AwsCall,
  registry: RegistryAddress,
  { maxResults: size, nextToken: token }: Paged,
  filters: readonly (string | undefined)[] = [],
): ListPage {
  const { account, region } = registry;
  const list = { operation: `ecr.${call.operation}`, account, region, filters };
  return new ListPage(tokens, list, { size, token }, () =>
    invalidParameter("nextToken", "Member must be a token of this very operation"),
  );
}

/** Names and paging exclude each other. @throws AwsError InvalidParameterException */
export function refusePagingWith(names: string, input: Paged): void {
  for (const member of ["maxResults", "nextToken"] as const) {
    if (input[member] !== undefined) {
      throw invalidParameter(member, `Member must be null when '${names}' is given`);
    }
  }
}
