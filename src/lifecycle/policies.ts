import type { Cause } from "../audit/cause.ts";
import type { Clock } from "../registry/clock.ts";
import type { RepositoryName } from "../registry/names.ts";
import { repositoryUnknown } from "../registry/repositories/errors.ts";
import type { Scope } from "../registry/scope.ts";
import { policyUnknown } from "./errors.ts";
import { parseLifecyclePolicy } from "./parse-policy.ts";
import type { LifecyclePolicyStore, StoredPolicy } from "./ports/policy-store.ts";

/** What lifecycle policies are kept with. */
export interface LifecyclePolicyPorts {
  readonly lifecyclePolicies: LifecyclePolicyStore;
  readonly clock: Clock;
}

/** Sets or replaces the whole policy; a worker carries it out soon. @throws RegistryError NAME_UNKNOWN, LIFECYCLE_POLICY_INVALID */
export async function putLifecyclePolicy(
  { lifecyclePolicies, clock }: LifecyclePolicyPorts,
  scope: Scope,
  name: RepositoryName,
  text: string,
  cause: Cause,
): Promise<void> {
  parseLifecyclePolicy(text);
  const outcome = await lifecyclePolicies.put(scope, name, text, cause, clock.now());
  if (outcome === "unknown") throw repositoryUnknown(scope.account, name);
}

/** Readable or not. @throws RegistryError NAME_UNKNOWN, LIFECYCLE_POLICY_UNKNOWN */
export async function getLifecyclePolicy(
  { lifecyclePolicies }: Pick<LifecyclePolicyPorts, "lifecyclePolicies">,
  scope: Scope,
  name: RepositoryName,
): Promise<StoredPolicy> {
  return known(scope, name, await lifecyclePolicies.find(scope, name));
}

/** Gives the policy as it was. @throws RegistryError NAME_UNKNOWN, LIFECYCLE_POLICY_UNKNOWN */
export async function deleteLifecyclePolicy(
  { lifecyclePolicies, clock }: LifecyclePolicyPorts,
  scope: Scope,
  name: RepositoryName,
  cause: Cause,
): Promise<StoredPolicy> {
  return known(scope, name, await lifecyclePolicies.delete(scope, name, cause, clock.now()));
}

function known(
  { account }: Scope,
  name: RepositoryName,
  found: Awaited<ReturnType<LifecyclePolicyStore["find"]>>,
): StoredPolicy {
  if (found === "unknown") throw repositoryUnknown(account, name);
  if (found === undefined) throw policyUnknown(account, name);
  return found;
}
