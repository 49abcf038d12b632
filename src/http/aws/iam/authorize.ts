import { iamArn, instanceProfileArn, rootArn } from "../../../iam/principals/arns.ts";
import type { Entity, EntityKind, Tags } from "../../../iam/principals/entity.ts";
import {
  type ContextEntries,
  requestTagKeys,
  resourceTagKeys,
} from "../../../iam/principals/global-context.ts";
import type { Tag } from "../../../iam/principals/tags.ts";
import { mayCallIam } from "../../../iam/sessions/session-token.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import { identityOf } from "./caller.ts";
import type { IamPorts } from "./ports.ts";

/**
 * `iam:<operation>` on a user, group or role. Its ARN holds a path that the request does not name, and policies may ask
 * for its tags: so the decision loads them. That it exists shows only after Allow: a denial names the ARN without a path.
 * @throws AwsError AccessDeniedException
 */
export async function authorizeOnEntity(
  call: AwsCall,
  ports: Pick<IamPorts, "identity">,
  kind: EntityKind,
  name: string,
  conditions: ContextEntries = {},
): Promise<void> {
  const entity = await ports.identity.reader(call.account).findEntity(kind, name);
  const plain = iamArn({ account: call.account, kind, path: "/", name });
  const arn = entity === undefined ? plain : iamArn(entity);
  const keys = { ...resourceTagKeys("iam", tagsOf(entity)), ...conditions };
  await unseen(arn, plain, () => authorizeOn(call, arn, keys));
}

/** The same on an instance profile, whose tags decisions look up by its ARN. @throws AwsError AccessDeniedException */
export async function authorizeOnInstanceProfile(
  call: AwsCall,
  ports: Pick<IamPorts, "identity">,
  name: string,
  conditions: ContextEntries = {},
): Promise<void> {
  const profile = await ports.identity.reader(call.account).findInstanceProfile(name);
  const plain = instanceProfileArn({ account: call.account, path: "/", name });
  const arn = profile === undefined ? plain : instanceProfileArn(profile);
  await unseen(arn, plain, () => authorizeOn(call, arn, conditions));
}

/** `iam:PassRole`: whether the caller may let a service act as a role. @throws AwsError AccessDeniedException */
export async function authorizePassing(
  call: AwsCall,
  ports: Pick<IamPorts, "identity">,
  roleName: string,
  service: string,
): Promise<void> {
  const role = await ports.identity.reader(call.account).findEntity("role", roleName);
  const plain = iamArn({ account: call.account, kind: "role", path: "/", name: roleName });
  const keys = { ...resourceTagKeys("iam", tagsOf(role)), "iam:PassedToService": [service] };
  const arn = role === undefined ? plain : iamArn(role);
  await unseen(arn, plain, () => call.authorizeToo("iam:PassRole", arn, keys));
}

/** A denial does not show `arn`: it names `plain`, which says nothing of whether there is such a thing. */
async function unseen(arn: string, plain: string, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof AwsError) || arn === plain) throw error;
    const { code, members, headers } = error;
    throw new AwsError(code, error.message.replaceAll(arn, plain), { members, headers });
  }
}

/** On the user that an operation names, or the caller where it names none: a user, or the root for undefined. */
export async function authorizeOnUser(
  call: AwsCall,
  ports: Pick<IamPorts, "identity">,
  name: string | undefined,
): Promise<void> {
  if (name === undefined) await authorizeOn(call, rootArn(call.account));
  else await authorizeOnEntity(call, ports, "user", name);
}

/**
 * `iam:<operation>` on an ARN that the request itself gives. Every operation comes through here.
 * @throws AwsError AccessDeniedException, or UnrecognizedClientException for a session token without MFA, in IAM's words
 */
export async function authorizeOn(call: AwsCall, arn: string, conditions?: ContextEntries): Promise<void> {
  if (!mayCallIam(identityOf(call))) {
    throw new AwsError(
      "UnrecognizedClientException",
      "The security token included in the request is invalid",
    );
  }
  await call.authorize(arn, conditions);
}

/** What a new thing with tags takes: the permission to make it and that to tag it. */
export async function authorizeNew(
  call: AwsCall,
  arn: string,
  tagAction: string,
  tags: readonly Tag[] | undefined,
  conditions: ContextEntries = {},
): Promise<void> {
  const given = requestTags(tags);
  await authorizeOn(call, arn, { ...given, ...conditions });
  if (tags !== undefined && tags.length > 0) await call.authorizeToo(tagAction, arn, given);
}

/** `aws:RequestTag/…` and `aws:TagKeys`. */
export function requestTags(tags: readonly Tag[] | undefined): ContextEntries {
  return requestTagKeys(Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key, Value])));
}

/** `iam:PermissionsBoundary`: which boundaries somebody may give. */
export function boundaryKey(arn: string | undefined): ContextEntries {
  return arn === undefined ? {} : { "iam:PermissionsBoundary": [arn] };
}

/** `iam:PolicyARN`: which policies somebody may attach. */
export function policyKey(arn: string): ContextEntries {
  return { "iam:PolicyARN": [arn] };
}

/** What a list is about: everything of a kind below a path. */
export function listArn(
  call: AwsCall,
  kind: EntityKind | "instance-profile",
  pathPrefix: string | undefined,
): string {
  return `arn:aws:iam::${call.account}:${kind}${pathPrefix ?? "/"}`;
}

function tagsOf(entity: Entity | undefined): Tags {
  return entity === undefined || entity.kind === "group" ? {} : entity.tags;
}
