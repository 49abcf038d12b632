import type { Cause } from "../../audit/cause.ts";
import { UndecidedError } from "../../iam/access/undecided.ts";
import { type Call, LOGIN_ACTION, PERMISSIONS, repositoryArn } from "../../iam/actions.ts";
import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import { isInScope } from "../../iam/tokens/scopes.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import { Refusal } from "../refusal.ts";
import type { Proven } from "./authenticate.ts";
import { authorizeAny, isKnownAllowed } from "./authorize.ts";
import type { Challenge } from "./challenge.ts";
import { originOf } from "./context.ts";

/** Names of a catalog that are decided side by side: what is not known of them yet is read together. */
const DECIDED_AT_ONCE = 200;

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

  /** Whether {@link require} is known to pass without waiting. */
  has(call: Call, name: RepositoryName | undefined): boolean {
    const { principal, access } = this.#proven;
    if (!isInScope(access, call, name)) return false;
    const { actions } = PERMISSIONS[call];
    return isKnownAllowed(this.#authorizer, principal, actions, this.#arnOf(call, name), this.#facts.context);
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
    const { context } = this.#facts;
    const decision = await this.#authorizer.decide(principal, LOGIN_ACTION, "*", context);
    if (forbids(decision)) throw this.#denied(LOGIN_ACTION, "*", decision.reason, undefined);
  }

  /** Whether {@link requireLogin} is known to pass without waiting. */
  hasLogin(): boolean {
    const decision = this.#authorizer.known?.(this.#proven.principal, LOGIN_ACTION, "*", this.#facts.context);
    return decision !== undefined && !forbids(decision);
  }

  async allows(call: Call, name: RepositoryName | undefined): Promise<boolean> {
    if (!isInScope(this.#proven.access, call, name)) return false;
    // The source of a mount is beside the request, which goes on without it.
    const decision = call === "mountFrom" ? this.#allowedAside(call, name) : this.#decide(call, name);
    return (await decision).allowed;
  }

  /** Those of `names` that the catalog may show: whoever makes the request may describe them. */
  async visible(names: readonly RepositoryName[]): Promise<readonly RepositoryName[]> {
    if (!isInScope(this.#proven.access, "listRepositories", undefined)) return [];
    const shown: RepositoryName[] = [];
    for (let at = 0; at < names.length; at += DECIDED_AT_ONCE) {
      const asked = names.slice(at, at + DECIDED_AT_ONCE);
      const decisions = await Promise.all(asked.map((name) => this.#allowedAside("listRepositories", name)));
      shown.push(...asked.filter((_, index) => decisions[index]?.allowed === true));
    }
    return shown;
  }

  /** Why a call that was allowed changes something. */
  causeOf(call: Call, name: RepositoryName): Cause {
    const { principal } = this.#proven;
    const { address, context, requestId } = this.#facts;
    return {
      ...originOf(principal, address.account, requestId, context),
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

  /** Of something beside what a request is about: where nobody knows whether it is allowed, it is not. */
  #allowedAside(call: Call, name: RepositoryName | undefined): Promise<{ readonly allowed: boolean }> {
    return this.#decide(call, name).catch((error: unknown) => {
      if (error instanceof UndecidedError) return { allowed: false };
      throw error;
    });
  }

  #decide(call: Call, name: RepositoryName | undefined): Promise<Decision> {
    const { actions } = PERMISSIONS[call];
    const { principal } = this.#proven;
    return authorizeAny(this.#authorizer, principal, actions, this.#arnOf(call, name), this.#facts.context);
  }
}

/** The action that a call is known by. */
function actionOf(call: Call): string {
  return PERMISSIONS[call].actions.at(-1) ?? "";
}

/** Whether something denies it, and not merely nothing allows it. */
function forbids(decision: Decision): decision is Decision & { readonly allowed: false } {
  return !decision.allowed && decision.isExplicit === true;
}
