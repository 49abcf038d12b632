import type { Cause } from "../../audit/cause.ts";
import { requireDecided } from "../access/undecided.ts";
import { tagsOfClaims } from "../oidc/tag-claims.ts";
import type { VerifiedToken } from "../oidc/verified-token.ts";
import { readUnverified } from "../oidc/verify.ts";
import type { Context } from "../policy/context.ts";
import { evaluate } from "../policy/evaluate.ts";
import { assumedRoleArn, oidcProviderArn } from "../principals/arns.ts";
import type { Role } from "../principals/entity.ts";
import {
  type ContextEntries,
  contextOf,
  type RequestFacts,
  requestContext,
  resourceTagKeys,
} from "../principals/global-context.ts";
import { findProviderOf } from "../principals/oidc-providers.ts";
import type { AssumedRole } from "./assume-role.ts";
import { accountOfRole, findRole } from "./find-role.ts";
import { issueSession } from "./issue.ts";
import type { StsPorts } from "./ports.ts";
import { askedFor, RefusedIdentityError, recordRefusedIdentity } from "./refused-identity.ts";
import { packedSize, readSessionPolicies, type SessionPolicies, sessionDuration } from "./session-input.ts";
import { readSessionTags, taggingActions, taggingKeys } from "./session-tags.ts";

const ACTION = "sts:AssumeRoleWithWebIdentity";

export interface WebIdentityInput extends SessionPolicies {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly duration: number | undefined;
  readonly token: string;
}

export interface WebIdentityRole extends AssumedRole {
  /** ARN of the provider. */
  readonly provider: string;
  readonly subject: string;
  readonly audience: string;
}

/**
 * Lets the holder of a token of an identity provider become a role. The provider must be registered in the account of
 * the role, the token be for one of its client ids, and the trust policy of the role let its claims, and the session tags
 * that it asks for. Only then is told whether the role exists.
 * @throws IamError
 */
export async function assumeRoleWithWebIdentity(
  ports: StsPorts,
  input: WebIdentityInput,
  request: RequestFacts,
  cause: Cause,
): Promise<WebIdentityRole> {
  const account = accountOfRole(input.roleArn);
  try {
    return await assume(ports, input, account, request, cause);
  } catch (error) {
    recordRefusedIdentity(ports.denials, error, { account, roleArn: input.roleArn }, request, cause);
    throw error;
  }
}

async function assume(
  ports: StsPorts,
  input: WebIdentityInput,
  account: string,
  request: RequestFacts,
  cause: Cause,
): Promise<WebIdentityRole> {
  const { issuer } = readUnverified(input.token);
  const registered = await findProviderOf(ports.identity.reader(account), issuer);
  if (registered === undefined) {
    const known = await ports.identity.reader(account).listOidcProviders();
    throw new RefusedIdentityError(
      "InvalidIdentityTokenException",
      `No OpenIDConnect provider found in your account for ${issuer.slice(0, 255)}`,
      { mismatch: { claim: "iss", wanted: known.map((each) => `https://${each.url}`), found: [issuer] } },
    );
  }
  const now = ports.clock.now();
  const provider = oidcProviderArn(account, registered.url);
  const { clientIds, thumbprints } = registered;
  const token = await ports.webIdentity.verify(input.token, { url: issuer, thumbprints }, clientIds, now);
  const wanted = tagsOfClaims(token.claims);
  const tagging = readSessionTags(wanted, undefined);
  const { tags, transitiveTagKeys } = tagging;
  const context = requestContext(
    { ...request, resourceAccount: account },
    {
      ...claimKeys(registered.url, token, input.sessionName),
      ...taggingKeys(tagging, wanted),
      "aws:FederatedProvider": [provider],
    },
  );
  const actions = [ACTION, ...taggingActions(tagging)];
  const role = await authorize(ports, input, provider, actions, context);
  const narrowing = await readSessionPolicies(ports, account, input, tags);
  const duration = sessionDuration(role, input.duration, false);
  const credentials = await issueSession(
    ports.sessions,
    ports.masterKey,
    {
      ...{ account, ...narrowing, tags, transitiveTagKeys, sourceIdentity: undefined, issuedAt: now },
      mfaAt: undefined,
      origin: { kind: "web-identity", role: role.id, sessionName: input.sessionName, provider },
      expiresAt: new Date(now.getTime() + duration * 1000),
    },
    { ...cause, account, principal: provider, resource: input.roleArn },
  );
  return {
    ...{ credentials, provider, subject: token.subject, audience: token.audience },
    ...{ sourceIdentity: undefined, packedSize: packedSize(narrowing, tags) },
    arn: assumedRoleArn(account, role.name, input.sessionName),
    id: `${role.uniqueId}:${input.sessionName}`,
  };
}

async function authorize(
  ports: StsPorts,
  input: WebIdentityInput,
  provider: string,
  actions: readonly string[],
  context: Context,
): Promise<Role> {
  const role = await findRole(ports, input.roleArn);
  const trust =
    role &&
    ports.stored.attached(
      `trust policy of role ${role.name}`,
      { kind: "trust", account: role.account },
      role.trustPolicy,
    );
  for (const action of actions) {
    const verdict =
      role &&
      trust &&
      evaluate(
        {
          caller: { kind: "federated", provider },
          ...{ action, resource: input.roleArn, owner: role.account, identity: [], session: [] },
          context: new Map([...context, ...contextOf(resourceTagKeys("iam", role.tags))]),
          resourcePolicies: [trust],
        },
        ports.decider,
      );
    if (verdict !== undefined) requireDecided(verdict);
    if (verdict?.allowed !== true) {
      throw new RefusedIdentityError("AccessDeniedException", `Not authorized to perform ${action}`, {
        ...{ action, provider },
        conditions: trust === undefined ? {} : askedFor([trust.document], context),
      });
    }
  }
  if (role === undefined) throw new Error("a role that was allowed is missing");
  return role;
}

/** `<issuer>:<claim>` for every claim that is text, a number, a boolean or a list of them, and whose name is not ours. */
function claimKeys(
  url: string,
  { claims, audience, audiences }: VerifiedToken,
  sessionName: string,
): ContextEntries {
  const others = Object.entries(claims).filter(([claim]) => !/^o?aud$/i.test(claim));
  const entries = others.flatMap(([claim, value]) => {
    const values = (Array.isArray(value) ? value : [value]).filter(
      (each) => typeof each === "string" || typeof each === "number" || typeof each === "boolean",
    );
    return values.length === 0 ? [] : [[`${url}:${claim}`, values.map(String)] as const];
  });
  return {
    ...Object.fromEntries(entries),
    // As AWS has it: `aud` is the authorised party where the token names one, and `oaud` what the token says.
    [`${url}:aud`]: [audience],
    [`${url}:oaud`]: audiences,
    "sts:RoleSessionName": [sessionName],
  };
}
