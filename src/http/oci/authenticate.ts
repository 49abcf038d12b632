import type { IncomingMessage } from "node:http";
import { setImmediate } from "node:timers/promises";
import type { Cause } from "../../audit/cause.ts";
import { type Call, OPERATION_PERMISSIONS, PERMISSIONS, repositoryArn } from "../../iam/actions.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import type { LoginAttempt } from "../../iam/logins/login-attempt.ts";
import { type Principal, principalName } from "../../iam/principal.ts";
import type { TokenAccess } from "../../iam/tokens/registry-token.ts";
import { isInScope, scopedRegistry } from "../../iam/tokens/scopes.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { Client } from "../client.ts";
import { Refusal } from "../refusal.ts";
import type { Challenge } from "../token/challenge.ts";

/** Milliseconds after a token's end for which an upload that it began may go on: one PATCH may take hours. */
export const UPLOAD_GRACE = 3_600_000;
/** Names of a catalog that are decided in one turn of the event loop. */
const DECIDED_AT_ONCE = 25;
const UPLOAD_CALLS: ReadonlySet<string> = new Set([
  "patchUpload",
  "completeUpload",
  "getUpload",
  "cancelUpload",
]);

/** Whoever makes a request, and what narrows it. */
export interface Proven {
  readonly principal: Principal;
  readonly access: readonly TokenAccess[] | undefined;
  /** Whether it was proven by a token that was handed out before. */
  readonly byToken: boolean;
}

/** Where a request knocks. */
export interface Entrance {
  readonly client: Client;
  readonly attempt: LoginAttempt;
  readonly call: string;
  readonly address: RegistryAddress;
  readonly now: Date;
  readonly challenge: Challenge;
  /** Whether tokens that stand for nobody are good here. */
  readonly admitsAnonymous: boolean;
}

/** Every 401 names the scheme, on every path and for HEAD too: some clients never ping before their first request. */
export async function authenticate(
  authenticator: Authenticator,
  authorization: string | undefined,
  { attempt, call, address, now, challenge, admitsAnonymous }: Entrance,
): Promise<Proven> {
  if (authorization === undefined) throw unauthorized("UNAUTHORIZED", "authentication required", challenge());
  const found = await authenticator.authenticate(authorization, attempt);
  if (found.state === "proven" && isFor(address, found.region)) {
    const { principal, access, region } = found;
    if (principal.kind !== "anonymous" || admitsAnonymous) {
      return { principal, access, byToken: region !== undefined };
    }
  }
  const again = challenge(/^bearer /i.test(authorization) ? "invalid_token" : undefined);
  if (found.state === "expired") {
    if (isFor(address, found.region) && mayFinishUpload(found.since, call, now)) {
      return { principal: found.principal, access: found.access, byToken: true };
    }
    attempt.failed("expired", found.principal.account);
    const said = "Your authorization token has expired. Reauthenticate and try again.";
    throw unauthorized("DENIED", said, again);
  }
  throw unauthorized("UNAUTHORIZED", "the credentials are not valid", again);
}

/** Passwords are for a region, scoped tokens for one registry in it. */
function isFor(address: RegistryAddress, region: string | undefined): boolean {
  return region === undefined || region === address.region || region === scopedRegistry(address);
}

/** An upload belongs to the principal that began it, so the holder of the token is all that needs to be known. */
function mayFinishUpload(since: Date, call: string, now: Date): boolean {
  return UPLOAD_CALLS.has(call) && now.getTime() - since.getTime() < UPLOAD_GRACE;
}

export function unauthorized(code: "UNAUTHORIZED" | "DENIED", said: string, challenge: string): Refusal {
  return new Refusal(code, said, { status: 401, headers: { "WWW-Authenticate": challenge } });
}

/** What conditions may ask for. */
export function contextOf(client: Client, { headers }: IncomingMessage, time: Date): RequestContext {
  return {
    sourceIp: client.ip,
    secureTransport: client.secure,
    time,
    userAgent: headers["user-agent"] ?? "",
  };
}

/** A request to one registry. */
export interface RequestFacts {
  readonly address: RegistryAddress;
  readonly context: RequestContext;
  readonly requestId: string;
  /** Of a host that hands out tokens, so that clients may come back with another one. */
  readonly challenge?: Challenge | undefined;
}

/** Decides calls of one request, and says for the audit log what it was allowed. */
export class Permissions {
  readonly #authorizer: Authorizer;
  readonly #proven: Proven;
  readonly #facts: RequestFacts;

  constructor(authorizer: Authorizer, proven: Proven, facts: RequestFacts) {
    this.#authorizer = authorizer;
    this.#proven = proven;
    this.#facts = facts;
  }

  /** @throws Refusal DENIED with the reason; UNAUTHORIZED where another token would do */
  async require(call: Call, name: RepositoryName | undefined): Promise<void> {
    const { principal, access } = this.#proven;
    const decision = await this.#decide(call, name);
    if (decision.allowed && isInScope(access, call, name)) return;
    const reason = decision.allowed
      ? `the scope of the token does not cover ${call} on ${name ?? "the registry"}`
      : decision.reason;
    // Nobody can become somebody, and a narrow token a wider one.
    const another = principal.kind === "anonymous" || decision.allowed;
    const challenge = another ? this.#facts.challenge?.("insufficient_scope") : undefined;
    throw this.#denied(actionOf(call), this.#arnOf(call, name), reason, challenge);
  }

  /**
   * Whoever is denied tokens gets in by none, and by no key in its place. That nothing allows tokens is no hindrance:
   * none is needed with a key.
   * @throws RegistryError DENIED
   */
  async requireLogin(): Promise<void> {
    const { principal } = this.#proven;
    if (principal.kind === "anonymous") return;
    const [action = ""] = OPERATION_PERMISSIONS["ecr.GetAuthorizationToken"].actions;
    const decision = await this.#authorizer.decide(principal, action, "*", this.#facts.context);
    if (!decision.allowed && decision.isExplicit === true)
      throw this.#denied(action, "*", decision.reason, undefined);
  }

  async allows(call: Call, name: RepositoryName | undefined): Promise<boolean> {
    return isInScope(this.#proven.access, call, name) && (await this.#decide(call, name)).allowed;
  }

  /** Those of `names` that the catalog may show: whoever makes the request may describe them. */
  async visible(names: readonly RepositoryName[]): Promise<readonly RepositoryName[]> {
    if (!isInScope(this.#proven.access, "listRepositories", undefined)) return [];
    const shown: RepositoryName[] = [];
    for (let at = 0; at < names.length; at += DECIDED_AT_ONCE) {
      // A decision that is not known yet may be long in thought: others have their turn in between.
      if (at > 0) await setImmediate();
      const asked = names.slice(at, at + DECIDED_AT_ONCE);
      const decisions = await Promise.all(asked.map((name) => this.#decide("listRepositories", name)));
      shown.push(...asked.filter((_, index) => decisions[index]?.allowed === true));
    }
    return shown;
  }

  /** Why a call that was allowed changes something. */
  causeOf(call: Call, name: RepositoryName): Cause {
    const { principal } = this.#proven;
    const { address, context, requestId } = this.#facts;
    const isSomebody = principal.kind !== "anonymous";
    return {
      account: isSomebody ? principal.account : address.account,
      principal: principalName(principal),
      accessKeyId: isSomebody ? principal.accessKeyId : undefined,
      ...{ requestId, sourceIp: context.sourceIp, userAgent: context.userAgent },
      ...{ action: actionOf(call), resource: this.#arnOf(call, name) },
    };
  }

  /** With the id that `berth explain --id` takes, where the denial is kept. */
  #denied(action: string, resource: string, reason: string, challenge: string | undefined): Refusal {
    const { principal } = this.#proven;
    const { context, requestId } = this.#facts;
    const denied = { principal, action, resource };
    const decisionId = this.#authorizer.keepDenial?.({ ...denied, context, reason, requestId });
    const detail = decisionId === undefined ? {} : { detail: { decisionId } };
    if (challenge === undefined) return new Refusal("DENIED", reason, detail);
    const headers = { "WWW-Authenticate": challenge };
    return new Refusal("UNAUTHORIZED", reason, { status: 401, headers, ...detail });
  }

  #arnOf(call: Call, name: RepositoryName | undefined): string {
    const { account, region } = this.#facts.address;
    return repositoryArn(account, region, name ?? (PERMISSIONS[call].resource === "registry" ? "*" : ""));
  }

  async #decide(call: Call, name: RepositoryName | undefined): Promise<Decision> {
    const { actions } = PERMISSIONS[call];
    const arn = this.#arnOf(call, name);
    let last: Decision = { allowed: false, reason: "" };
    for (const action of actions) {
      last = await this.#authorizer.decide(this.#proven.principal, action, arn, this.#facts.context);
      if (last.allowed) return last;
    }
    return last;
  }
}

/** The action that a call is known by. */
function actionOf(call: Call): string {
  return PERMISSIONS[call].actions.at(-1) ?? "";
}
