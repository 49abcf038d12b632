import { readUnverified, type VerifiedToken } from "../oidc/verify.ts";
import { evaluate } from "../policy/evaluate.ts";
import { assumedRoleArn, oidcProviderArn } from "../principals/arns.ts";
import type { Role } from "../principals/entity.ts";
import { IamError } from "../principals/errors.ts";
import { type ContextEntries, globalContext, type RequestFacts } from "../principals/global-context.ts";
import { providerOfIssuer } from "../principals/oidc-providers.ts";
import type { AssumedRole } from "./assume-role.ts";
import { accountOfRole, findRole } from "./find-role.ts";
import { issueSession } from "./issue.ts";
import type { StsPorts } from "./ports.ts";
import { packedSize, readSessionPolicies, type SessionPolicies, sessionDuration } from "./session-input.ts";

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
 * the role, the token be for one of its client ids, and the trust policy of the role let its claims. Only then is told
 * whether the role exists.
 * @throws IamError
 */
export async function assumeRoleWithWebIdentity(
  ports: StsPorts,
  input: WebIdentityInput,
  request: RequestFacts,
): Promise<WebIdentityRole> {
  const account = accountOfRole(input.roleArn);
  const { issuer } = readUnverified(input.token);
  const url = providerOfIssuer(issuer);
  const registered =
    url === undefined ? undefined : await ports.identity.reader(account).findOidcProvider(url);
  if (registered === undefined) {
    throw new IamError(
      "InvalidIdentityTokenException",
      `No OpenIDConnect provider found in your account for ${issuer.slice(0, 255)}`,
    );
  }
  const now = ports.clock.now();
  const token = await ports.webIdentity.verify(input.token, issuer, registered.clientIds, now);
  const provider = oidcProviderArn(account, registered.url);
  const role = await authorize(ports, input, token, { provider, url: registered.url }, request);
  const narrowing = await readSessionPolicies(ports, account, input);
  const duration = sessionDuration(role, input.duration, false);
  const credentials = await issueSession(ports.sessions, ports.masterKey, {
    ...{ account, ...narrowing, tags: {}, transitiveTagKeys: [], sourceIdentity: undefined, issuedAt: now },
    origin: { kind: "web-identity", role: role.id, sessionName: input.sessionName, provider },
    expiresAt: new Date(now.getTime() + duration * 1000),
  });
  return {
    ...{ credentials, provider, subject: token.subject, audience: token.audience },
    ...{ sourceIdentity: undefined, packedSize: packedSize(narrowing) },
    arn: assumedRoleArn(account, role.name, input.sessionName),
    id: `${role.uniqueId}:${input.sessionName}`,
  };
}

async function authorize(
  ports: StsPorts,
  input: WebIdentityInput,
  token: VerifiedToken,
  { provider, url }: { readonly provider: string; readonly url: string },
  request: RequestFacts,
): Promise<Role> {
  const role = await findRole(ports, input.roleArn);
  const verdict =
    role &&
    evaluate(
      {
        caller: { kind: "federated", provider },
        ...{ action: ACTION, resource: input.roleArn, owner: role.account, identity: [], session: [] },
        resourcePolicies: [
          ports.stored.attached(`trust policy of role ${role.name}`, "trust", role.trustPolicy),
        ],
        context: globalContext(undefined, undefined, request, {
          ...claimKeys(url, token, input.sessionName),
          "aws:FederatedProvider": [provider],
        }),
      },
      ports.decider,
    );
  if (role === undefined || verdict?.allowed !== true) {
    throw new IamError("AccessDeniedException", `Not authorized to perform ${ACTION}`);
  }
  return role;
}

/** `<issuer>:<claim>` for every claim that is text, a number, a boolean or a list of them. */
function claimKeys(
  url: string,
  { claims, audience, audiences }: VerifiedToken,
  sessionName: string,
): ContextEntries {
  const entries = Object.entries(claims).flatMap(([claim, value]) => {
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
