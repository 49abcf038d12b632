import { repositoryArn } from "../../../iam/actions.ts";
import type { RegistryAddress } from "../../../registry/scope.ts";
import type { AwsCall, Conditions } from "../call.ts";

/** The registry that a request speaks to: the caller's own, unless it names another account's. */
export function registryOf(
  { account, region }: AwsCall,
  { registryId }: { readonly registryId?: string | undefined },
): RegistryAddress {
  return { account: registryId ?? account, region };
}

/** ARN of a repository from the request alone; `*` stands for all of them. */
export function arnIn({ account, region }: RegistryAddress, name: string): string {
  return repositoryArn(account, region, name);
}

/** What conditions ask of calls about account settings. */
export function accountSettingKeys(name: string): Conditions {
  return { "ecr:AccountSetting": [name] };
}
