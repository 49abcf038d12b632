import type { IncomingMessage } from "node:http";
import type { Service } from "../../aws-models/model.ts";
import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import type { LoginAttempt, Logins } from "../../iam/logins/login-attempt.ts";
import { type AccountPrincipal, ANONYMOUS, type Principal } from "../../iam/principal.ts";
import type {
  OpenedClaim,
  SignaturePolicy,
  SignatureVerifier,
  VerifiedCaller,
} from "../../iam/sigv4/verify.ts";
import type { Clock } from "../../registry/clock.ts";
import { isRegionName, type ServedRegions, servesRegion } from "../../registry/regions.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import { contextOf, originOf } from "../access/context.ts";
import type { Client } from "../client.ts";
import { AwsError } from "./aws-error.ts";
import type { AwsCall, CallTrace, Conditions, UnsignedCall } from "./call.ts";
import { hostCandidates, signedRequestOf } from "./incoming.ts";
import type { Recognised } from "./recognise.ts";

/** Decides whether a principal may take an action; `conditions` are the keys that only the operation knows. */
export interface AwsAuthorizer {
  decide(
    principal: AccountPrincipal,
    action: string,
    resource: string,
    context: RequestContext & { readonly conditions?: Conditions },
  ): Promise<Decision>;
  keepDenial?: Authorizer["keepDenial"];
}

/** What it takes to let a call in. */
export interface EntranceDependencies {
  readonly verifier: SignatureVerifier;
  readonly logins: Logins;
  /** Hears which accounts a call may have changed, before its caller does. */
  readonly onChange: (account: string) => void;
  readonly authorizer: AwsAuthorizer;
  readonly clock: Clock;
  /** Regions that signatures of what each region has for itself may be scoped to. */
  readonly regions: ServedRegions;
  /** Account and region of calls that nobody signs. */
  readonly defaultRegistry: RegistryAddress;
}

/** What a signature is for; the operation is not known before the body is read that says it. */
type Claimed = Pick<Recognised, "service" | "model"> & Partial<Recognised>;

/** Checks a signature as far as the head of the request goes. @throws SignatureError */
export function openClaim(
  dependencies: EntranceDependencies,
  request: IncomingMessage,
  client: Client,
  recognised: Claimed,
  attempt: LoginAttempt,
): Promise<OpenedClaim> {
  const { verifier, clock } = dependencies;
  return verifier.open(
    signedRequestOf(request),
    hostCandidates(request, client),
    signaturePolicy(dependencies, recognised),
    clock.now(),
    attempt,
  );
}

/**
 * What is one for all regions: clients whose endpoint is overridden sign for whichever they are in, and those of ECR Public
 * for us-east-1, where AWS has it.
 */
const ONE_FOR_ALL: ReadonlySet<Service> = new Set<Service>(["iam", "sts", "ecr-public"]);

function signaturePolicy(
  { regions }: EntranceDependencies,
  { service, operation, model }: Claimed,
): SignaturePolicy {
  return {
    service: model.signingName,
    accepts: (region) => servesRegion(regions, region) || (ONE_FOR_ALL.has(service) && isRegionName(region)),
    // Proof of who somebody is, for a third party that asks. A URL is passed on and logged: it does nothing else.
    presigned: service === "sts" && operation === "GetCallerIdentity",
    // None of the services takes a body that nobody signed.
    unsignedPayload: false,
    missingText:
      model.protocol === "json" ? "Missing Authentication Token" : "Request is missing Authentication Token",
  };
}

/** Facts of a call that its signature has no part in. */
export interface CallOrigin {
  readonly request: IncomingMessage;
  readonly client: Client;
  readonly attempt: LoginAttempt;
  readonly requestId: string;
  readonly service: Service;
  readonly operation: string;
  /** Input without secrets, for the audit log. */
  readonly parameters: () => unknown;
  /** Actions that mean nothing in the policy that the call brings. */
  readonly unknownActions?: () => readonly string[] | undefined;
  readonly trace: CallTrace;
}

/** A call as its handler sees it. */
export function signedCall(
  dependencies: EntranceDependencies,
  origin: CallOrigin,
  caller: VerifiedCaller,
): AwsCall {
  const { authorizer } = dependencies;
  const { principal, region, expiresAt } = caller;
  const facts = factsOf(dependencies, origin, principal, { account: principal.account, region });
  const authorize = async (action: string, arn: string, conditions?: Conditions): Promise<void> => {
    const context = conditions === undefined ? facts.context : { ...facts.context, conditions };
    const decision = await authorizer.decide(principal, action, arn, context);
    if (decision.allowed) {
      origin.trace.allowed ??= { action, resource: arn };
      origin.trace.denied = undefined;
      return;
    }
    const { reason } = decision;
    origin.trace.denied = { action, resource: arn, context, reason };
    throw new AwsError("AccessDeniedException", reason);
  };
  return {
    ...facts,
    principal,
    account: principal.account,
    region,
    credentialsEnd: expiresAt,
    authorize: (arn, conditions) => authorize(ownAction(origin), arn, conditions),
    authorizeToo: authorize,
  };
}

/** Every permission of the services is called like its operation ("Actions defined by …"). */
function ownAction({ service, operation }: Pick<CallOrigin, "service" | "operation">): string {
  return `${service}:${operation}`;
}

/** A call of an operation that asks for no signature. */
export function unsignedCall(dependencies: EntranceDependencies, origin: CallOrigin): UnsignedCall {
  const { defaultRegistry } = dependencies;
  return {
    ...factsOf(dependencies, origin, ANONYMOUS, defaultRegistry),
    ...defaultRegistry,
    principal: ANONYMOUS,
    attempt: origin.attempt,
  };
}

function factsOf(
  { clock }: EntranceDependencies,
  origin: CallOrigin,
  principal: Principal,
  { account, region }: RegistryAddress,
): Omit<UnsignedCall, "principal" | "account" | "region" | "attempt"> {
  const { request, client, requestId, service, operation, parameters, trace } = origin;
  const context = contextOf(client, request, clock.now(), region);
  return {
    ...{ service, operation, requestId, context, clock, origin: client.origin },
    cause() {
      trace.cause = {
        ...originOf(principal, account, requestId, context),
        ...(trace.allowed ?? { action: ownAction(origin), resource: "*" }),
        ...{ parameters: parameters(), unknownActions: origin.unknownActions?.() },
      };
      return trace.cause;
    },
  };
}
