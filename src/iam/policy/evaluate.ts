import type { Access, Decisive, PolicyRole, Verdict } from "./access.ts";
import { accountOf } from "./caller.ts";
import { CountedDecider } from "./counted-decider.ts";
import { isPassedOver, mendsResourcePolicies } from "./mending.ts";
import { exhaustion, explicitDenial, implicitDenial, undecided } from "./messages.ts";
import { type Participant, participants } from "./participants.ts";
import type { PolicyDecider, PolicyRequest } from "./port.ts";
import type { Directness } from "./principals.ts";
import type { Statement } from "./statement.ts";
import { Steps, StepsExceededError } from "./steps.ts";

/** What the policies of one role say together, when none of them denies. */
type Grants = ReadonlyMap<PolicyRole, Decisive>;

/**
 * Decides a request by IAM's rules ("Policy evaluation logic"):
 *
 * 1. A Deny that matches, in any policy that takes part, wins.
 * 2. The root of the owning account may do everything in it.
 * 3. Inside the owning account an Allow of an identity policy or of a resource policy is enough. Boundary and session
 *    policies narrow what identity policies allow and what a resource policy allows to the *role* of a session. They do
 *    not narrow what a resource policy allows to the user, to the session or to everyone by name. A federated user is a
 *    session of the user who vouches for it, and has nothing of that user's but what its session policies give: none of
 *    them, and it has nothing. An Allow to the
 *    *account* hands the matter to the account's own identity policies: by itself it allows nothing.
 * 4. Across accounts an identity policy, boundary, session policy and a resource policy must all allow; the resource
 *    policy may name the account, the role, the session, the user or everyone.
 * 5. Callers without an account (anonymous, services, identity providers) have resource policies alone.
 * 6. `ecr:GetAuthorizationToken` is allowed by identity policies only.
 * 7. A role is assumed only if its trust policy allows it; naming an account there asks that account's identity policies
 *    as well, naming a user or session of the same account does not.
 *
 * Before all of these, so that nobody is locked out for good: what reads, replaces or deletes the policy of a repository
 * or registry is allowed to whoever of the owning account may do it by its own policies (its root always may). What the
 * policies of the resource say is not asked then.
 */
export function evaluate(access: Access, decider: PolicyDecider): Verdict {
  return evaluateHeeding(heard(access, decider), decider);
}

/** The request with those policies that are asked: without those of the resource where the caller may mend them. */
export function heard(access: Access, decider: PolicyDecider): Access {
  const { caller, owner, action, resourcePolicies } = access;
  const mends = accountOf(caller) === owner && mendsResourcePolicies(action.toLowerCase());
  if (!mends || resourcePolicies.length === 0) return access;
  const alone = { ...access, resourcePolicies: [] };
  return evaluateHeeding(alone, decider).allowed ? alone : access;
}

/**
 * Decides by rules 1 to 7 alone, as if nobody were to mend anything. A request whose policies take too many steps to
 * compare (steps.ts) is denied, and told so.
 */
export function evaluateHeeding(access: Access, decider: PolicyDecider, steps: Steps = new Steps()): Verdict {
  const taking = participants(access);
  const counted = new CountedDecider(decider, steps);
  try {
    return settle(access, taking, counted);
  } catch (error) {
    const at = taking.find(({ policy }) => policy.document === counted.asked);
    if (!(error instanceof StepsExceededError) || at === undefined) throw error;
    const { role, policy } = at;
    const message = exhaustion(access, role);
    return { allowed: false, message, role, decidedBy: undefined, exhausted: policy };
  }
}

function settle(access: Access, taking: readonly Participant[], decider: PolicyDecider): Verdict {
  const grants = new Map<PolicyRole, Decisive>();
  const request = requestOf(access, neededDirectness(access));
  let unreadable: Participant | undefined;
  for (const participant of taking) {
    if (isUnreadable(participant, request.action)) unreadable ??= participant;
    const decision = decider.decide(participant.policy.document, request);
    if (decision.effect === "none") continue;
    const decisive = toDecisive(participant, decision.statement);
    if (decision.effect === "deny") {
      const { role } = participant;
      return { allowed: false, message: explicitDenial(access, role), role, decidedBy: decisive };
    }
    if (!grants.has(participant.role)) grants.set(participant.role, decisive);
  }
  if (unreadable !== undefined) return deniedAnyway(access, grants, unreadable) ?? fault(unreadable);
  const { caller, owner } = access;
  if (caller.kind === "root" && caller.account === owner && !isTrust(access)) {
    return missingNarrowing(access, grants) ?? { allowed: true, decidedBy: grants.get("identity") };
  }
  if (isIdentityOnly(access)) return byIdentity(access, grants);
  const account = accountOf(caller);
  if (account === undefined) return byResource(access, grants);
  if (account !== owner) return acrossAccounts(access, grants);
  const inside = isTrust(access) ? assumeInside : insideAccount;
  return inside(access, grants, grantNamingFor(access, taking, decider));
}

/** Inside an account the account's name in a resource policy grants nothing; in a trust policy it is half of the answer. */
function neededDirectness(access: Access): Exclude<Directness, 0> {
  return accountOf(access.caller) === access.owner && !isTrust(access) ? 2 : 1;
}

function insideAccount(access: Access, grants: Grants, grantNaming: GrantNaming): Verdict {
  const identity = grants.get("identity");
  const resource = grants.get("resource");
  const decidedBy = identity ?? resource;
  if (decidedBy === undefined) return denied(access, "identity");
  const narrowed = missingNarrowing(access, grants);
  if (narrowed === undefined) return { allowed: true, decidedBy };
  return (resource && byName(grantNaming)) ?? narrowed;
}

function assumeInside(access: Access, grants: Grants, grantNaming: GrantNaming): Verdict {
  const decidedBy = grants.get("trust");
  if (decidedBy === undefined) return denied(access, "trust");
  if (!grants.has("identity") && access.caller.kind !== "root" && grantNaming(2) === undefined) {
    return denied(access, "identity");
  }
  const narrowed = missingNarrowing(access, grants);
  return narrowed === undefined ? { allowed: true, decidedBy } : (byName(grantNaming) ?? narrowed);
}

/** Allowed when a resource policy names the caller itself, for then nothing narrows. */
function byName(grantNaming: GrantNaming): Verdict | undefined {
  const decidedBy = grantNaming(3);
  return decidedBy && { allowed: true, decidedBy };
}

/** The Allow of a resource or trust policy that names the caller at least so directly. */
type GrantNaming = (directness: 2 | 3) => Decisive | undefined;

function grantNamingFor(access: Access, taking: readonly Participant[], decider: PolicyDecider): GrantNaming {
  return (directness) => {
    const request = requestOf(access, directness);
    for (const participant of taking) {
      if (participant.role !== "resource" && participant.role !== "trust") continue;
      const decision = decider.decide(participant.policy.document, request);
      if (decision.effect === "allow") return toDecisive(participant, decision.statement);
    }
    return undefined;
  };
}

function acrossAccounts(access: Access, grants: Grants): Verdict {
  const side = byIdentity(access, grants);
  return side.allowed ? byResource(access, grants) : side;
}

function byIdentity(access: Access, grants: Grants): Verdict {
  const decidedBy = grants.get("identity");
  // Outside its account a root still has everything that its own account can give.
  if (decidedBy === undefined && access.caller.kind !== "root") return denied(access, "identity");
  return missingNarrowing(access, grants) ?? { allowed: true, decidedBy };
}

function byResource(access: Access, grants: Grants): Verdict {
  const role = isTrust(access) ? "trust" : "resource";
  const decidedBy = grants.get(role);
  return decidedBy === undefined ? denied(access, role) : { allowed: true, decidedBy };
}

/** The denial of a boundary or of session policies that do not allow; undefined when they do or there are none. */
function missingNarrowing(access: Access, grants: Grants): Verdict | undefined {
  if (access.boundary !== undefined && !grants.has("boundary")) return denied(access, "boundary");
  const isNarrowed = access.session.length > 0 || access.caller.kind === "federated-user";
  if (isNarrowed && !grants.has("session")) return denied(access, "session");
  return undefined;
}

function denied(access: Access, role: PolicyRole): Verdict {
  return { allowed: false, message: implicitDenial(access, role), role, decidedBy: undefined };
}

/** Nobody of another account may learn that a policy cannot be read whom its own account does not let ask. */
function deniedAnyway(access: Access, grants: Grants, { role }: Participant): Verdict | undefined {
  const account = accountOf(access.caller);
  if (account === undefined || account === access.owner || (role !== "resource" && role !== "trust")) {
    return undefined;
  }
  const side = byIdentity(access, grants);
  return side.allowed ? undefined : side;
}

function isUnreadable({ policy: { document } }: Participant, action: string): boolean {
  return document.unreadable !== undefined && !isPassedOver(document.kind, action);
}

function fault({ role, policy }: Participant): Verdict {
  return { allowed: false, message: undecided(policy), role, decidedBy: undefined, unreadable: policy };
}

function requestOf(access: Access, directness: Exclude<Directness, 0>): PolicyRequest {
  const { caller, resource, context, boundary } = access;
  const principal = { caller, directness, bounded: boundary !== undefined };
  return { principal, action: access.action.toLowerCase(), resource, context };
}

function toDecisive({ role, policy }: Participant, { index, sid }: Statement): Decisive {
  return { role, policy, statement: index, sid };
}

function isTrust({ resourcePolicies }: Access): boolean {
  return resourcePolicies.some(({ document }) => document.kind === "trust");
}

function isIdentityOnly({ action }: Access): boolean {
  return action.toLowerCase() === "ecr:getauthorizationtoken";
}
