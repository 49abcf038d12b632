import type { Clock } from "../../registry/clock.ts";
import { addressOf, assembleAccess, ownerOf } from "../access/assemble.ts";
import {
  NO_RESOURCE_POLICIES,
  type ResourcePolicies,
  type ResourcePolicyCache,
} from "../access/resource-policies.ts";
import type { RequestContext } from "../authorizer.ts";
import { type Explanation, explain } from "../policy/explain.ts";
import type { PolicyDecider } from "../policy/port.ts";
import { policiesAsked } from "../policy/resource-kinds.ts";
import { assumedRoleArn, iamArn, parseIamArn, parseSessionArn, rootArn } from "../principals/arns.ts";
import type { CredentialStore } from "../principals/credentials.ts";
import { globalContext, resourceTagKeys } from "../principals/global-context.ts";
import type { Identity } from "../principals/identity.ts";
import type { IdentityStore } from "../principals/ports/index.ts";
import type { PrincipalPolicies, PrincipalPolicyStore } from "../principals/principal-policies.ts";
import type { StoredPolicies } from "../principals/stored-policies.ts";
import type { DenialStore, KeptDenial } from "./denials.ts";

export interface ExplainerDependencies {
  readonly identity: IdentityStore;
  /** Says who a federated user is, whose ARN does not. */
  readonly credentials: CredentialStore;
  readonly principals: PrincipalPolicyStore;
  readonly resources: ResourcePolicyCache;
  readonly stored: StoredPolicies;
  readonly decider: PolicyDecider;
  readonly denials: DenialStore;
  readonly clock: Clock;
  /** Region of resources that have none in their ARN. */
  readonly region: string;
}

/** A request that somebody asks about. */
export interface Query {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** Values by condition key, over those that the principal and the resource have by themselves. */
  readonly conditions: Readonly<Record<string, readonly string[]>>;
}

/** A request and how it is decided by the policies of now. */
export interface Answer {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly explanation: Explanation;
  /** What was not taken into account. */
  readonly notes: readonly string[];
}

/** A denial of the past, and how the same request is decided now. */
export interface ExplainedDenial {
  readonly denial: KeptDenial;
  /** Undefined when there is none, for the reason that `gone` gives: the principal is nobody any more, … */
  readonly now: Answer | undefined;
  readonly gone: string | undefined;
}

/** The principal of a question is nobody, or nobody who makes requests. */
export class UnknownPrincipalError extends Error {
  override readonly name = "UnknownPrincipalError";
}

/** Of a request that nobody was found to make. */
const NOBODY_PROVEN = "the request proved nobody, so no policy was asked";
const SESSION_NOTE = "policies of a session are not considered: the ARN does not say which session it is";
const ENDED_NOTE = "the session has ended; its policies are not considered";

/** Answers why, from the documents that are stored. It reads everything anew: explanations are rare. */
export class Explainer {
  readonly #dependencies: ExplainerDependencies;

  constructor(dependencies: ExplainerDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws UnknownPrincipalError */
  async explain({ principal, action, resource, conditions }: Query): Promise<Answer> {
    const context = { ...NOTHING_KNOWN, time: this.#dependencies.clock.now(), conditions };
    const identity = await this.#find(principal, "");
    const own = await this.#policiesOf(identity, undefined);
    const notes = identity.kind === "session" ? [SESSION_NOTE] : [];
    return this.#answer({ identity, own, action, resource, context, notes });
  }

  /**
   * Undefined when no such denial is kept. `within` is the account of whoever asks: denials of others are none of its
   * business, and neither are the policies of what others own.
   */
  async explainDenial(id: string, within?: string): Promise<ExplainedDenial | undefined> {
    const denial = await this.#dependencies.denials.findDenial(id);
    if (denial === undefined || denial.account !== (within ?? denial.account)) return undefined;
    if (within !== undefined && ownerOf(denial.resource, undefined) !== within) {
      return { denial, now: undefined, gone: "the resource is another account's, and so are its policies" };
    }
    if (denial.principal === "anonymous") return { denial, now: undefined, gone: NOBODY_PROVEN };
    try {
      return { denial, now: await this.#again(denial), gone: undefined };
    } catch (error) {
      if (!(error instanceof UnknownPrincipalError)) throw error;
      return { denial, now: undefined, gone: error.message };
    }
  }

  async #again(denial: KeptDenial): Promise<Answer> {
    if (isProvider(denial.principal)) return this.#againFederated(denial);
    const { sourceIp, userAgent, secureTransport, region, conditions, at: time, action, resource } = denial;
    const asked = region === undefined ? {} : { region };
    const context = { sourceIp, userAgent, secureTransport, ...asked, conditions, time };
    const identity =
      (await this.#federatedUser(denial)) ?? (await this.#find(denial.principal, denial.accessKeyId));
    const withKey = await this.#dependencies.principals.load(
      subjectOf(identity, denial.accessKeyId),
      this.#dependencies.clock.now(),
    );
    const own = withKey ?? (await this.#policiesOf(identity, undefined));
    const notes = withKey === undefined && identity.kind === "session" ? [ENDED_NOTE] : [];
    return this.#answer({ identity, own, action, resource, context, notes });
  }

  /** Undefined for anybody else. @throws UnknownPrincipalError when its session has ended */
  async #federatedUser({ principal, accessKeyId }: KeptDenial): Promise<Identity | undefined> {
    if (!/^arn:[^:]*:sts::\d{12}:federated-user\//.test(principal)) return undefined;
    const credential = await this.#dependencies.credentials.find(accessKeyId);
    if (credential !== undefined) return credential.principal;
    throw new UnknownPrincipalError(`the session of ${principal} has ended`);
  }

  /** Whoever comes with a token of an identity provider has the trust policy of the role alone. */
  async #againFederated(denial: KeptDenial): Promise<Answer> {
    const { principal, action, resource, conditions, at: time, sourceIp, userAgent } = denial;
    const owner = ownerOf(resource, undefined);
    const region = denial.region ?? this.#dependencies.region;
    const { policies, tags } = await this.#resourcePolicies(action, resource, owner, region);
    const facts = { ...{ sourceIp, userAgent, time, region }, secure: denial.secureTransport };
    const keys = { ...resourceTagKeys("iam", tags), ...conditions };
    const access = {
      caller: { kind: "federated", provider: principal } as const,
      ...{ action, resource, owner, identity: [], session: [], resourcePolicies: policies },
      context: globalContext(undefined, undefined, facts, keys),
    };
    const explanation = explain(access, this.#dependencies.decider);
    return { principal, action, resource, explanation, notes: [] };
  }

  async #answer(request: {
    readonly identity: Identity;
    readonly own: PrincipalPolicies;
    readonly action: string;
    readonly resource: string;
    readonly context: RequestContext;
    readonly notes: readonly string[];
  }): Promise<Answer> {
    const { identity, own, action, resource, context, notes } = request;
    const { decider } = this.#dependencies;
    const region = context.region ?? this.#dependencies.region;
    const owner = ownerOf(resource, identity);
    const found = await this.#resourcePolicies(action, resource, owner, region);
    const assembled = assembleAccess({ identity, action, resource, context }, owner, own, found, region);
    const access = { ...assembled, context: withoutEmpty(assembled.context) };
    return { principal: identity.arn, action, resource, explanation: explain(access, decider), notes };
  }

  async #resourcePolicies(
    action: string,
    resource: string,
    owner: string,
    region: string,
  ): Promise<ResourcePolicies> {
    const { principals, resources, stored, identity } = this.#dependencies;
    const role = parseIamArn(resource);
    if (role?.kind === "role" && policiesAsked(action, resource).includes("trust")) {
      const entity = await identity.reader(role.account).findEntity("role", role.name);
      const policies =
        entity === undefined || iamArn(entity) !== resource
          ? []
          : [stored.attached(`trust policy of role ${entity.name}`, "trust", entity.trustPolicy)];
      return { policies, tags: entity?.tags ?? {} };
    }
    const version = (await principals.versions([owner])).get(owner);
    const address = addressOf(action, resource, owner, region);
    if (address === undefined || version === undefined || version.disabled) return NO_RESOURCE_POLICIES;
    return resources.load(address, version.version);
  }

  async #policiesOf(identity: Identity, accessKeyId: string | undefined): Promise<PrincipalPolicies> {
    const { principals, clock } = this.#dependencies;
    const own = await principals.load(subjectOf(identity, accessKeyId), clock.now());
    if (own !== undefined) return own;
    throw new UnknownPrincipalError(`${identity.arn} is gone`);
  }

  async #find(arn: string, accessKeyId: string): Promise<Identity> {
    const account = arn.split(":")[4] ?? "";
    const known = (await this.#dependencies.principals.versions([account])).get(account);
    const session = parseSessionArn(arn);
    const named = parseIamArn(arn);
    const isPrincipal =
      arn === rootArn(account) || session !== undefined || named?.kind === "user" || named?.kind === "role";
    if (!isPrincipal) {
      throw new UnknownPrincipalError(`${arn} is not the ARN of a root, user, role or session`);
    }
    if (known === undefined) throw new UnknownPrincipalError(`there is no account ${account}`);
    if (known.disabled) {
      throw new UnknownPrincipalError(`the account ${account} is disabled: nobody of it may do anything`);
    }
    if (arn === rootArn(account)) return { kind: "root", account, arn, accessKeyId };
    const reader = this.#dependencies.identity.reader(account);
    if (named?.kind === "user") {
      const user = await reader.findEntity("user", named.name);
      if (user === undefined || iamArn(user) !== arn)
        throw new UnknownPrincipalError(`there is no user ${arn}`);
      return { kind: "user", account, arn, accessKeyId, uniqueId: user.uniqueId, name: user.name };
    }
    const role = await reader.findEntity("role", session?.roleName ?? named?.name ?? "");
    if (role === undefined || (session === undefined && iamArn(role) !== arn)) {
      throw new UnknownPrincipalError(`there is no role ${arn}`);
    }
    const sessionName = session?.sessionName ?? "any";
    return {
      ...{ kind: "session", account, accessKeyId, uniqueId: role.uniqueId, roleName: role.name, sessionName },
      ...{ arn: assumedRoleArn(account, role.name, sessionName), role: iamArn(role) },
    };
  }
}

function isProvider(arn: string): boolean {
  return /^arn:[^:]*:iam::\d{12}:oidc-provider\//.test(arn);
}

function subjectOf(identity: Identity, accessKeyId: string | undefined) {
  const uniqueId = identity.kind === "root" ? undefined : identity.uniqueId;
  return { account: identity.account, uniqueId, accessKeyId };
}

/** Of a request that nobody made: over TLS, from nowhere. */
const NOTHING_KNOWN = { sourceIp: "", secureTransport: true, userAgent: "" };

/** A request that nobody made has no address: the key is absent, not empty. */
function withoutEmpty(context: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
  return new Map([...context].filter(([key, values]) => key !== "aws:sourceip" || values[0] !== ""));
}
