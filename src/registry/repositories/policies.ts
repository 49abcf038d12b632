import type { Cause } from "../../audit/cause.ts";
import { repositoryArn } from "../../iam/actions.ts";
import type { Clock } from "../clock.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { MissingPrincipal, PolicyRules, PolicyStore } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import type { AccountSettingPorts } from "./account-settings.ts";
import { registryPolicyUnknown, repositoryPolicyUnknown, repositoryUnknown } from "./errors.ts";

/** What the policies of repositories and registries are kept with. */
export interface PolicyPorts {
  readonly policies: PolicyStore;
  readonly policyRules: PolicyRules;
  readonly clock: Clock;
}

/** A repository's policy that is to be replaced. */
export interface PolicyChange {
  readonly scope: Scope;
  readonly name: RepositoryName;
  readonly text: string;
  /** Asked of a text that is in order: whether the caller could still set the policy. Undefined when that may end. */
  readonly keepsAccess: (() => Promise<boolean>) | undefined;
  readonly cause: Cause;
}

/** Replaces the whole policy. @throws RegistryError NAME_UNKNOWN, REPOSITORY_POLICY_INVALID */
export async function setRepositoryPolicy(
  { policies, policyRules, clock }: PolicyPorts,
  { scope, name, text, keepsAccess, cause }: PolicyChange,
): Promise<void> {
  const arn = repositoryArn(scope.account, scope.region, name);
  const problem = await policyRules.repositoryPolicyProblem(text, arn);
  if (problem !== undefined) throw new RegistryError("REPOSITORY_POLICY_INVALID", problem);
  if (keepsAccess !== undefined && !(await keepsAccess())) {
    const said = "it would keep the caller from setting the policy again; force allows that";
    throw new RegistryError("REPOSITORY_POLICY_INVALID", said);
  }
  const outcome = await policies.setOfRepository(scope, name, text, cause, clock.now());
  if (outcome === "unknown") throw repositoryUnknown(scope.account, name);
  if (outcome !== "set") throw new RegistryError("REPOSITORY_POLICY_INVALID", principalMissing(outcome));
}

/** @throws RegistryError NAME_UNKNOWN, REPOSITORY_POLICY_UNKNOWN */
export async function getRepositoryPolicy(
  { policies }: Pick<PolicyPorts, "policies">,
  scope: Scope,
  name: RepositoryName,
): Promise<string> {
  return textOf(scope, name, await policies.ofRepository(scope, name));
}

/** Gives the policy as it was. @throws RegistryError NAME_UNKNOWN, REPOSITORY_POLICY_UNKNOWN */
export async function deleteRepositoryPolicy(
  { policies, clock }: Omit<PolicyPorts, "policyRules">,
  scope: Scope,
  name: RepositoryName,
  cause: Cause,
): Promise<string> {
  return textOf(scope, name, await policies.deleteOfRepository(scope, name, cause, clock.now()));
}

/** Replaces the whole policy, which may name the actions that its scope has. @throws RegistryError REGISTRY_POLICY_INVALID */
export async function setRegistryPolicy(
  {
    policies,
    policyRules,
    accountSettings,
    clock,
  }: PolicyPorts & Pick<AccountSettingPorts, "accountSettings">,
  scope: Scope,
  text: string,
  cause: Cause,
): Promise<void> {
  const { REGISTRY_POLICY_SCOPE: policyScope } = await accountSettings.find(scope);
  const problem = await policyRules.registryPolicyProblem(text, policyScope);
  if (problem !== undefined) throw new RegistryError("REGISTRY_POLICY_INVALID", problem);
  const outcome = await policies.setOfRegistry(scope, text, cause, clock.now());
  if (outcome !== "set") throw new RegistryError("REGISTRY_POLICY_INVALID", principalMissing(outcome));
}

/** @throws RegistryError REGISTRY_POLICY_UNKNOWN */
export async function getRegistryPolicy(
  { policies }: Pick<PolicyPorts, "policies">,
  scope: Scope,
): Promise<string> {
  const text = await policies.ofRegistry(scope);
  if (text === undefined) throw registryPolicyUnknown(scope.account);
  return text;
}

/** Gives the policy as it was. @throws RegistryError REGISTRY_POLICY_UNKNOWN */
export async function deleteRegistryPolicy(
  { policies, clock }: Omit<PolicyPorts, "policyRules">,
  scope: Scope,
  cause: Cause,
): Promise<string> {
  const text = await policies.deleteOfRegistry(scope, cause, clock.now());
  if (text === undefined) throw registryPolicyUnknown(scope.account);
  return text;
}

function textOf(
  { account }: Scope,
  name: RepositoryName,
  found: Awaited<ReturnType<PolicyStore["ofRepository"]>>,
): string {
  if (found === "unknown") throw repositoryUnknown(account, name);
  if (found.text === undefined) throw repositoryPolicyUnknown(account, name);
  return found.text;
}

function principalMissing({ missing }: MissingPrincipal): string {
  return `Principal: ${missing} does not exist`;
}
