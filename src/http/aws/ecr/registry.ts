import { OPERATION_PERMISSIONS, type OperationName, repositoryArn } from "../../../iam/actions.ts";
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

/** @throws AwsError AccessDeniedException */
export function authorizeOnRepository(
  call: AwsCall,
  operation: OperationName,
  registry: RegistryAddress,
  name: string,
  conditions?: Conditions,
): Promise<void> {
  return call.authorize(OPERATION_PERMISSIONS[operation].actions, arnIn(registry, name), conditions);
}

/** For actions that know no resource. @throws AwsError AccessDeniedException */
export function authorizeOnEverything(call: AwsCall, operation: OperationName): Promise<void> {
  return call.authorize(OPERATION_PERMISSIONS[operation].actions, "*");
}
