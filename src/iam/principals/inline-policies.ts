import { requireInlinePolicy } from "./documents.ts";
import type { EntityKind } from "./entity.ts";
import { noSuch } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { requireName } from "./names.ts";
import type { IdentityChange, IdentityReader, InlinePolicy } from "./ports/index.ts";

/** Writes a policy into an entity, over one of the same name. */
export async function putInlinePolicy(
  change: IdentityChange,
  kind: EntityKind,
  name: string,
  policy: InlinePolicy,
): Promise<void> {
  const entity = await requireEntity(change, kind, name);
  requireName("policy", policy.name);
  const others = (await change.listInlinePolicies(entity.id)).filter((each) => each.name !== policy.name);
  requireInlinePolicy(
    policy.document,
    others.map(({ document }) => document),
    kind,
    entity.name,
  );
  await change.putInlinePolicy(entity.id, policy);
}

/** @throws IamError NoSuchEntityException */
export async function requireOwnPolicy(
  reader: IdentityReader,
  kind: EntityKind,
  name: string,
  policyName: string,
): Promise<InlinePolicy> {
  const entity = await requireEntity(reader, kind, name);
  const found = (await reader.listInlinePolicies(entity.id)).find((policy) => policy.name === policyName);
  if (found === undefined) throw noSuchPolicy(kind, policyName);
  return found;
}

export async function deleteInlinePolicy(
  change: IdentityChange,
  kind: EntityKind,
  name: string,
  policyName: string,
): Promise<void> {
  const entity = await requireEntity(change, kind, name);
  if (!(await change.deleteInlinePolicy(entity.id, policyName))) throw noSuchPolicy(kind, policyName);
}

function noSuchPolicy(kind: EntityKind, policyName: string): Error {
  return noSuch(`The ${kind} policy with name ${policyName} cannot be found.`);
}
