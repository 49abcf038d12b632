import type { ListEntitiesForPolicyRequest } from "../../../../aws-models/iam.types.ts";
import { requirePolicyArn } from "../../../../iam/principals/attachments.ts";
import { requirePolicy } from "../../../../iam/principals/aws-policies.ts";
import type { EntityKind } from "../../../../iam/principals/entity.ts";
import type { PolicyUse } from "../../../../iam/principals/ports/index.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

export function listEntitiesForPolicy(
  ports: Pick<IamPorts, "aws" | "identity" | "tokens">,
): IamHandler<"ListEntitiesForPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, input.PolicyArn);
    requirePolicyArn(input.PolicyArn);
    const {
      PolicyArn: arn,
      EntityFilter: filter,
      PathPrefix: pathPrefix = "/",
      PolicyUsageFilter: usage,
    } = input;
    const paging = new Paging(ports.tokens, call, input, [arn, filter, pathPrefix, usage]);
    const reader = ports.identity.reader(call.account);
    await requirePolicy(reader, ports.aws, call.account, arn);
    const page = await reader.listUses(arn, { kind: kindOf(filter), pathPrefix, usage }, paging);
    const ofKind = (kind: EntityKind): readonly PolicyUse[] => page.items.filter((use) => use.kind === kind);
    return {
      PolicyGroups: ofKind("group").map((use) => ({ GroupName: use.name, GroupId: use.uniqueId })),
      PolicyUsers: ofKind("user").map((use) => ({ UserName: use.name, UserId: use.uniqueId })),
      PolicyRoles: ofKind("role").map((use) => ({ RoleName: use.name, RoleId: use.uniqueId })),
      ...paging.marker(page),
    };
  };
}

/** Policies as a filter mean those that use policies, and none do: the filter then has no say. */
function kindOf(filter: ListEntitiesForPolicyRequest["EntityFilter"]): EntityKind | undefined {
  return filter === "User" ? "user" : filter === "Group" ? "group" : filter === "Role" ? "role" : undefined;
}
