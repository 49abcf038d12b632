import type * as Wire from "../../../aws-models/iam.types.ts";
import { awsPolicy, versionsOf } from "../../../iam/principals/aws-policies.ts";
import type { ManagedPolicy, PolicyVersion } from "../../../iam/principals/managed-policy.ts";
import type { EntityDetail, IdentityReader, InlinePolicy } from "../../../iam/principals/ports/index.ts";
import type { Page, PageRequest } from "../../../kernel/page.ts";
import { Turns } from "../../../kernel/turns.ts";
import type { IamPorts } from "./ports.ts";
import {
  encodeDocument,
  presentAttached,
  presentGroup,
  presentListedInstanceProfile,
  presentPolicy,
  presentRole,
  presentUser,
  presentVersion,
} from "./present.ts";

export type DetailKind = NonNullable<Wire.GetAccountAuthorizationDetailsRequest["Filter"]>[number];

/** One of the lists that make up the details of an account. */
export interface Section {
  readonly kind: DetailKind;
  /** The answer's list that it goes into. */
  readonly list: "UserDetailList" | "GroupDetailList" | "RoleDetailList" | "Policies";
  /** Entries of one page at most: what they hold is written into one answer. */
  readonly max: number;
  read(page: PageRequest): Promise<Page<object>>;
}

/** Encoding the documents of a page takes longer than others may wait. */
const turns = new Turns();
/** Each holds up to 12 KiB of documents. */
const ENTITIES_MAX = 100;
/** Each holds up to 30 KiB. */
const POLICIES_MAX = 20;

/** In the order in which pages go through them. */
export function sectionsOf({ aws }: Pick<IamPorts, "aws">, reader: IdentityReader): readonly Section[] {
  return [
    {
      ...{ kind: "User", list: "UserDetailList", max: ENTITIES_MAX },
      read: async (page) => mapped(await reader.listEntityDetails("user", page), userDetail),
    },
    {
      ...{ kind: "Group", list: "GroupDetailList", max: ENTITIES_MAX },
      read: async (page) => mapped(await reader.listEntityDetails("group", page), groupDetail),
    },
    { kind: "Role", list: "RoleDetailList", max: ENTITIES_MAX, read: (page) => readRoles(reader, page) },
    {
      ...{ kind: "LocalManagedPolicy", list: "Policies", max: POLICIES_MAX },
      read: (page) => readPolicies(reader, page),
    },
    {
      ...{ kind: "AWSManagedPolicy", list: "Policies", max: POLICIES_MAX },
      read: (page) => readAwsPolicies(aws, reader, page),
    },
  ];
}

async function readRoles(reader: IdentityReader, page: PageRequest): Promise<Page<Wire.RoleDetail>> {
  const roles = await reader.listEntityDetails("role", page);
  const profiles = await reader.instanceProfilesOf(roles.items.map(({ entity }) => entity.id));
  const byRole = Map.groupBy(profiles, ({ role }) => role?.id);
  return mapped(roles, ({ entity, ...policies }) => ({
    ...presentRole(entity),
    RolePolicyList: inlineDetails(policies.inlinePolicies),
    AttachedManagedPolicies: presentAttached(policies.attachedPolicies),
    InstanceProfileList: (byRole.get(entity.id) ?? []).map(presentListedInstanceProfile),
  }));
}

async function readPolicies(
  reader: IdentityReader,
  page: PageRequest,
): Promise<Page<Wire.ManagedPolicyDetail>> {
  const policies = await reader.listPolicies(EVERY_POLICY, page);
  const versions = await reader.versionsOf(
    policies.items.flatMap(({ id }) => (id === undefined ? [] : [id])),
  );
  return mapped(policies, (policy) =>
    policyDetail(policy, policy.id === undefined ? [] : (versions.get(policy.id) ?? [])),
  );
}

const EVERY_POLICY = { pathPrefix: "/", onlyAttached: false, usage: undefined };

/** Those that anything in the account uses, as AWS has it. */
async function readAwsPolicies(
  aws: IamPorts["aws"],
  reader: IdentityReader,
  { after, limit }: PageRequest,
): Promise<Page<Wire.ManagedPolicyDetail>> {
  const uses = await reader.usesOfAwsPolicies();
  const used = aws.all.flatMap((policy) => {
    const ofPolicy = uses.get(policy.arn);
    return ofPolicy === undefined || policy.name <= after ? [] : [awsPolicy(policy, ofPolicy)];
  });
  const shown = used.slice(0, limit);
  const next = used.length > limit ? shown.at(-1)?.name : undefined;
  const versions = await Promise.all(shown.map((policy) => versionsOf(reader, aws, policy)));
  const pairs = shown.map((policy, index) => ({ policy, versions: versions[index] ?? [] }));
  return mapped({ items: pairs, next }, (pair) => policyDetail(pair.policy, pair.versions));
}

function userDetail({ entity, ...held }: EntityDetail<"user">): Wire.UserDetail {
  return {
    ...presentUser(entity),
    UserPolicyList: inlineDetails(held.inlinePolicies),
    GroupList: held.groups,
    AttachedManagedPolicies: presentAttached(held.attachedPolicies),
  };
}

function groupDetail({ entity, ...held }: EntityDetail<"group">): Wire.GroupDetail {
  return {
    ...presentGroup(entity),
    GroupPolicyList: inlineDetails(held.inlinePolicies),
    AttachedManagedPolicies: presentAttached(held.attachedPolicies),
  };
}

function policyDetail(policy: ManagedPolicy, versions: readonly PolicyVersion[]): Wire.ManagedPolicyDetail {
  return { ...presentPolicy(policy), PolicyVersionList: versions.map(presentVersion) };
}

function inlineDetails(policies: readonly InlinePolicy[]): readonly Wire.PolicyDetail[] {
  return policies.map(({ name, document }) => ({
    PolicyName: name,
    PolicyDocument: encodeDocument(document),
  }));
}

async function mapped<Item, Shown>(
  { items, next }: Page<Item>,
  show: (item: Item) => Shown,
): Promise<Page<Shown>> {
  const shown: Shown[] = [];
  for (const item of items) shown.push(await turns.run(() => show(item)));
  return { items: shown, next };
}
