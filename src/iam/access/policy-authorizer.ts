import { LRUCache } from "lru-cache";
import { Turns } from "../../kernel/turns.ts";
import type { Authorizer, Decision, RequestContext } from "../authorizer.ts";
import type { Access, Verdict } from "../policy/access.ts";
import type { PolicyDocument } from "../policy/document.ts";
import { evaluate, evaluateHeeding } from "../policy/evaluate.ts";
import { type Explanation, explain } from "../policy/explain.ts";
import type { PolicyDecider } from "../policy/port.ts";
import type { Principal } from "../principal.ts";
import { USER_AGENT_MAX } from "../principals/global-context.ts";
import type { Identity } from "../principals/identity.ts";
import { contextKeysOf } from "../principals/simulation/context-keys.ts";
import { type AccessSources, addressOf, assembleAccess, ownerOf, type Question } from "./assemble.ts";
import { keep, RecentDecisions } from "./recent-decisions.ts";
import { NO_RESOURCE_POLICIES } from "./resource-policies.ts";
import { requireDecided } from "./undecided.ts";

const DECISIONS_MAX = 50_000;
/** Characters of what those decisions are about, and of what they say: callers choose tags and user agents. */
const DECIDED_MAX = 32 * 1024 * 1024;

/** Condition keys whose values change by themselves: decisions that ask for them are made anew each time. */
const CHANGING_KEYS = new Set(["aws:currenttime", "aws:epochtime", "aws:multifactorauthage"]);

/** Nobody is there any more: the words that AWS has for a token of a deleted user. */
const GONE = "The security token included in the request is invalid.";

const NOBODY: Decision = { allowed: false, reason: GONE };

/** Decides by the policies of principal and resource. Decisions are kept for as long as no account of theirs changes. */
export class PolicyAuthorizer implements Authorizer {
  readonly #sources: AccessSources;
  readonly #decider: PolicyDecider;
  /** A decision may take milliseconds, and a request ask for many. */
  readonly #turns = new Turns();
  readonly #decisions = new LRUCache<string, Decision>({
    ...{ max: DECISIONS_MAX, maxSize: DECIDED_MAX },
    sizeCalculation: (decision, key) => key.length + (decision.allowed ? 0 : decision.reason.length) + 1,
  });
  readonly #recent = new RecentDecisions();

  constructor(sources: AccessSources, decider: PolicyDecider) {
    this.#sources = sources;
    this.#decider = decider;
  }

  known(
    principal: Principal,
    action: string,
    resource: string,
    context: RequestContext,
  ): Decision | undefined {
    if (principal.kind === "anonymous" || context.conditions !== undefined) return undefined;
    const version = this.#sources.versions.believed(principal.account);
    if (version === undefined) return undefined;
    // Only what is about the principal's own account is kept there.
    return this.#recent.of(principal, version, context).get(`${action} ${resource}`);
  }

  /** @throws UndecidedError when the answer depends on a policy that cannot be read */
  async decide(
    principal: Principal,
    action: string,
    resource: string,
    context: RequestContext,
  ): Promise<Decision> {
    const identity = principal.kind === "anonymous" ? undefined : principal;
    const owner = ownerOf(resource, identity);
    const { versions } = this.#sources;
    const ofOwner = versions.believed(owner) ?? (await versions.of(owner));
    const isOwn = identity === undefined || identity.account === owner;
    const ofPrincipal = isOwn ? ofOwner : await versions.of(identity.account);
    if (identity !== undefined && ofPrincipal === undefined) return NOBODY;
    const isUsual =
      identity !== undefined && isOwn && ofOwner !== undefined && context.conditions === undefined;
    const recent = isUsual ? this.#recent.of(identity, ofOwner, context) : undefined;
    const name = `${action} ${resource}`;
    const latest = recent?.get(name);
    if (latest !== undefined) return latest;
    const key = keyOf(identity, action, resource, context, ofPrincipal, ofOwner);
    const known = this.#decisions.get(key);
    if (known !== undefined) {
      if (recent !== undefined) keep(recent, name, known);
      return known;
    }
    const access = await this.#gather({ identity, action, resource, context }, owner, ofPrincipal, ofOwner);
    if (access === undefined) return NOBODY;
    const verdict = await this.#turns.run(() => evaluate(access, this.#decider));
    requireDecided(verdict);
    const decision = decisionOf(verdict);
    if (await this.#turns.run(() => changesByItself(access))) return decision;
    this.#decisions.set(key, decision);
    if (recent !== undefined) keep(recent, name, decision);
    return decision;
  }

  /** The same decision with all its reasons. Undefined when the principal is nobody any more. */
  async explain(question: Question): Promise<Explanation | undefined> {
    const { identity, resource } = question;
    const owner = ownerOf(resource, identity);
    const ofOwner = await this.#sources.versions.of(owner);
    const ofPrincipal =
      identity === undefined ? undefined : await this.#sources.versions.of(identity.account);
    const access = await this.#gather(question, owner, ofPrincipal, ofOwner);
    return access && explain(access, this.#decider);
  }

  /**
   * Whether a principal might do something if a repository had another policy than it has. That its own policies let it
   * mend that policy does not count, for this is asked before it has to.
   */
  async wouldAllow(
    question: Question & { readonly identity: Identity },
    policy: PolicyDocument,
  ): Promise<boolean> {
    const { identity, resource } = question;
    const owner = ownerOf(resource, identity);
    const { versions } = this.#sources;
    const now = await this.#gather(
      question,
      owner,
      await versions.of(identity.account),
      await versions.of(owner),
    );
    if (now === undefined) return false;
    const others = now.resourcePolicies.filter(({ document }) => document.kind !== "repository");
    const resourcePolicies = [...others, { label: "the new policy", document: policy }];
    const decide = identity.kind === "root" ? evaluate : evaluateHeeding;
    return decide({ ...now, resourcePolicies }, this.#decider).allowed;
  }

  async #gather(
    question: Question,
    owner: string,
    ofPrincipal: number | undefined,
    ofOwner: number | undefined,
  ): Promise<Access | undefined> {
    const { identity, action, resource } = question;
    const { principals, resources } = this.#sources;
    const region = question.context.region ?? this.#sources.region;
    const own = identity === undefined ? undefined : await principals.load(subjectOf(identity), ofPrincipal);
    if (identity !== undefined && own === undefined) return undefined;
    const address = addressOf(action, resource, owner, region);
    const isKept = address !== undefined && ofOwner !== undefined;
    const found = isKept ? await resources.load(address, ofOwner) : NO_RESOURCE_POLICIES;
    return assembleAccess(question, owner, own, found, address?.region ?? region);
  }
}

function decisionOf(verdict: Verdict): Decision {
  if (verdict.allowed) return { allowed: true };
  const isExplicit = verdict.decidedBy !== undefined || verdict.exhausted !== undefined;
  return { allowed: false, reason: verdict.message, ...(isExplicit ? { isExplicit } : {}) };
}

function subjectOf(identity: Identity): {
  account: string;
  uniqueId: string | undefined;
  accessKeyId: string;
} {
  const { account, accessKeyId } = identity;
  return { account, uniqueId: identity.kind === "root" ? undefined : identity.uniqueId, accessKeyId };
}

function keyOf(
  identity: Identity | undefined,
  action: string,
  resource: string,
  context: RequestContext,
  ...versions: readonly (number | undefined)[]
): string {
  const { sourceIp, secureTransport, userAgent, region = "", conditions } = context;
  const who = identity?.accessKeyId ?? "";
  const more = conditions === undefined ? "" : JSON.stringify(conditions);
  return `${who}\n${action}\n${resource}\n${versions}\n${region}\n${sourceIp}\n${secureTransport}\n${userAgent.slice(0, USER_AGENT_MAX)}\n${more}`;
}

function changesByItself({ identity, boundary, session, resourcePolicies }: Access): boolean {
  const policies = [
    ...identity,
    ...(boundary === undefined ? [] : [boundary]),
    ...session,
    ...resourcePolicies,
  ];
  const keys = contextKeysOf(policies.map(({ document }) => document));
  return keys.some((key) => CHANGING_KEYS.has(key.toLowerCase()));
}
