import type { Cause } from "../../audit/cause.ts";
import { requireDecided } from "../access/undecided.ts";
import { proveSecondFactor, type SecondFactor } from "../mfa/prove.ts";
import { evaluate } from "../policy/evaluate.ts";
import { assumedRoleArn } from "../principals/arns.ts";
import type { Role } from "../principals/entity.ts";
import { IamError } from "../principals/errors.ts";
import {
  type ContextEntries,
  globalContext,
  multiFactorKeys,
  type RequestFacts,
  resourceTagKeys,
} from "../principals/global-context.ts";
import type { Identity } from "../principals/identity.ts";
import { accountOfRole, findRole } from "./find-role.ts";
import { issueSession, type TemporaryCredentials } from "./issue.ts";
import type { StsPorts } from "./ports.ts";
import { askedFor, RefusedIdentityError } from "./refused-identity.ts";
import type { Inheritance } from "./session.ts";
import { packedSize, readSessionPolicies, type SessionPolicies, sessionDuration } from "./session-input.ts";
import {
  readSessionTags,
  type SessionTags,
  taggingActions,
  taggingKeys,
  type WantedTags,
} from "./session-tags.ts";

export interface AssumeRoleInput extends SessionPolicies, WantedTags {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly duration: number | undefined;
  readonly externalId: string | undefined;
  readonly sourceIdentity: string | undefined;
  readonly secondFactor: SecondFactor;
}

/** A session of a role, in the hands of whoever assumed it. */
export interface AssumedRole {
  readonly credentials: TemporaryCredentials;
  readonly arn: string;
  /** `AROA…:<session name>`. */
  readonly id: string;
  /** Per cent of what a session may carry. */
  readonly packedSize: number;
  readonly sourceIdentity: string | undefined;
}

/**
 * Lets a principal become a role. The role's trust policy must let it, and across accounts, or where the trust policy
 * names the account, its own identity policies must as well. A role that does not exist and one that does not trust the
 * caller are refused alike. An MFA device proves the call, and not the session that comes of it ("The temporary credentials
 * returned by AssumeRole do not contain MFA information in the context", IAM, "Secure API access with MFA").
 * @throws IamError
 */
export async function assumeRole(
  ports: StsPorts,
  caller: Identity,
  input: AssumeRoleInput,
  request: RequestFacts,
  cause: Cause,
): Promise<AssumedRole> {
  const account = accountOfRole(input.roleArn);
  if (caller.kind === "root")
    throw new IamError("AccessDeniedException", "Roles may not be assumed by root accounts.");
  if (caller.kind === "federated-user") throw notAuthorized(caller, "sts:AssumeRole", input.roleArn);
  const inherited = await ports.sessions.inheritance(caller.accessKeyId);
  const tagging = readSessionTags(input, inherited);
  const sourceIdentity = inheritSourceIdentity(input.sourceIdentity, inherited);
  const mfaAt = await proveSecondFactor(ports, caller, input.secondFactor, request.time);
  const role = await authorize(ports, caller, input, tagging, { ...request, mfaAt });
  const { tags, transitiveTagKeys } = tagging;
  const narrowing = await readSessionPolicies(ports, account, input, tags);
  const duration = sessionDuration(role, input.duration, caller.kind === "session");
  const issuedAt = ports.clock.now();
  const credentials = await issueSession(
    ports.sessions,
    ports.masterKey,
    {
      ...{ account, ...narrowing, tags, transitiveTagKeys, sourceIdentity, issuedAt, mfaAt: undefined },
      origin: { kind: "assumed-role", role: role.id, sessionName: input.sessionName },
      expiresAt: new Date(issuedAt.getTime() + duration * 1000),
    },
    { ...cause, resource: input.roleArn },
  );
  return {
    ...{ credentials, sourceIdentity, packedSize: packedSize(narrowing, tags) },
    arn: assumedRoleArn(account, role.name, input.sessionName),
    id: `${role.uniqueId}:${input.sessionName}`,
  };
}

async function authorize(
  ports: StsPorts,
  caller: Identity,
  input: AssumeRoleInput,
  tagging: SessionTags,
  request: RequestFacts & { readonly mfaAt: Date | undefined },
): Promise<Role> {
  const policies = await ports.policies.load({
    account: caller.account,
    uniqueId: caller.kind === "root" ? undefined : caller.uniqueId,
    accessKeyId: caller.accessKeyId,
  });
  const role = policies && (await findRole(ports, input.roleArn));
  const trust = role && [
    ports.stored.attached(
      `trust policy of role ${role.name}`,
      { kind: "trust", account: role.account },
      role.trustPolicy,
    ),
  ];
  const facts = { ...request, resourceAccount: role?.account };
  const context =
    policies &&
    role &&
    globalContext(caller, policies, facts, {
      ...stsKeys(input, tagging, role),
      ...(request.mfaAt === undefined ? {} : multiFactorKeys(request.mfaAt, request.time)),
    });
  for (const action of actionsOf(input, tagging)) {
    const verdict =
      policies &&
      role &&
      trust &&
      context &&
      evaluate(
        {
          ...{ caller, action, resource: input.roleArn, owner: role.account, resourcePolicies: trust },
          ...{ identity: policies.identity, boundary: policies.boundary, session: policies.session },
          context,
        },
        ports.decider,
      );
    if (verdict !== undefined) requireDecided(verdict);
    if (verdict?.allowed !== true) {
      const documents = (trust ?? []).map(({ document }) => document);
      const conditions = context === undefined ? {} : askedFor(documents, context);
      throw notAuthorized(caller, action, input.roleArn, conditions);
    }
  }
  if (role === undefined) throw new Error("a role that was allowed is missing");
  return role;
}

function notAuthorized(
  caller: Identity,
  action: string,
  resource: string,
  conditions: ContextEntries = {},
): RefusedIdentityError {
  return new RefusedIdentityError(
    "AccessDeniedException",
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`,
    { action, resource, conditions },
  );
}

/** Tags and a source identity are permissions of their own, which the trust policy has to give. */
function actionsOf({ sourceIdentity }: AssumeRoleInput, tagging: SessionTags): readonly string[] {
  return [
    ...["sts:AssumeRole", ...taggingActions(tagging)],
    ...(sourceIdentity === undefined ? [] : ["sts:SetSourceIdentity"]),
  ];
}

function stsKeys(input: AssumeRoleInput, tagging: SessionTags, role: Role): ContextEntries {
  const { externalId, sessionName, sourceIdentity } = input;
  return {
    "sts:RoleSessionName": [sessionName],
    ...(externalId === undefined ? {} : { "sts:ExternalId": [externalId] }),
    ...(sourceIdentity === undefined ? {} : { "sts:SourceIdentity": [sourceIdentity] }),
    ...taggingKeys(tagging, input),
    ...resourceTagKeys("iam", role.tags),
  };
}

/** Once set, it goes along with every role and cannot become another. */
function inheritSourceIdentity(
  given: string | undefined,
  inherited: Inheritance | undefined,
): string | undefined {
  const existing = inherited?.sourceIdentity;
  if (given === undefined || existing === undefined || given === existing) return existing ?? given;
  throw new IamError("AccessDeniedException", "The source identity of the calling session cannot be changed");
}
