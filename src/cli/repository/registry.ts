import type { Cause } from "../../audit/cause.ts";
import { repositoryArn } from "../../iam/actions.ts";
import type { Clock } from "../../registry/clock.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryStore, RepositoryStore, ResourceTagStore } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import { operatorCause } from "../operator.ts";

/** What the command works on: the domain with the server's own configuration. */
export interface RepositoryAccess {
  readonly registries: RegistryStore;
  readonly repositories: RepositoryStore;
  readonly resourceTags: ResourceTagStore;
  readonly clock: Clock;
  readonly account: string;
  readonly region: string;
}

/** Which registry a command is about; by default the server's own. */
export interface RegistryOptions {
  readonly account?: string;
  readonly region?: string;
}

/** A registry that exists, and what works on it. */
export interface Located extends RepositoryAccess {
  readonly scope: Scope;
}

/** @throws Error where there is no such registry */
export async function locate(access: RepositoryAccess, options: RegistryOptions): Promise<Located> {
  const { account = access.account, region = access.region } = options;
  const id = await access.registries.find({ account, region });
  if (id === undefined) {
    const isOwn = account === access.account && region === access.region;
    const hint = isOwn
      ? "has the server been started?"
      : `the server's own is of ${access.account} in ${access.region}, \`berth account list\` shows other accounts`;
    throw new Error(`there is no registry of account ${account} in region ${region}; ${hint}`);
  }
  return { ...access, scope: { id, account, region } };
}

/** Why an operator changes a repository. */
export function causeOf({ account, region }: Scope, action: string, name: RepositoryName): Cause {
  return operatorCause(account, action, repositoryArn(account, region, name));
}
