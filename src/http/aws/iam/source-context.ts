import type { Context } from "../../../iam/policy/context.ts";
import { iamArn } from "../../../iam/principals/arns.ts";
import { contextOf, organizationKeys } from "../../../iam/principals/global-context.ts";
import type { PolicySource } from "./policy-source.ts";

/** What every request of a principal says of it. A group makes none. */
export function sourceContext({ entity, policies }: PolicySource): Context {
  if (entity.kind === "group") return new Map();
  const tags = Object.entries(policies.tags).map(
    ([key, value]) => [`aws:PrincipalTag/${key}`, [value]] as const,
  );
  return contextOf({
    "aws:PrincipalArn": [iamArn(entity)],
    "aws:PrincipalAccount": [entity.account],
    "aws:PrincipalType": [entity.kind === "user" ? "User" : "AssumedRole"],
    "aws:PrincipalIsAWSService": ["false"],
    ...(entity.kind === "user" ? { "aws:userid": [entity.uniqueId], "aws:username": [entity.name] } : {}),
    ...organizationKeys(policies.organization),
    ...Object.fromEntries(tags),
  });
}
