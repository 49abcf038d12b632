import type { Access, AttachedPolicy, PolicyRole, Verdict } from "./access.ts";
import { accountOf, callerName } from "./caller.ts";
import { type Context, valuesOf } from "./context.ts";
import { evaluateHeeding, heard } from "./evaluate.ts";
import { unknownActions } from "./known-actions.ts";
import { matchesAction, matchesPrincipal, matchesResource } from "./match.ts";
import { participants } from "./participants.ts";
import type { PolicyDecider } from "./port.ts";
import { directness } from "./principals.ts";
import { type Remedy, smallestStatements } from "./remedy.ts";
import type { Statement } from "./statement.ts";
import { Steps, StepsExceededError } from "./steps.ts";

/** A decision with its reasons, for `berth explain`. */
export interface Explanation {
  readonly verdict: Verdict;
  /** Every document that has a say, with every statement of it. */
  readonly considered: readonly ConsideredPolicy[];
  /** What would allow it; empty when it is allowed. */
  readonly remedies: readonly Remedy[];
}

export interface ConsideredPolicy {
  readonly role: PolicyRole;
  readonly policy: AttachedPolicy;
  /** Empty for a document that cannot be read. */
  readonly statements: readonly ConsideredStatement[];
}

export interface ConsideredStatement {
  /** Position in the document, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: "Allow" | "Deny";
  /** Why it does not apply to the request; empty when it does. */
  readonly mismatches: readonly Mismatch[];
  /**
   * It names the caller through the account that owns the resource only, which hands the matter to the account's identity
   * policies: an Allow that allows nothing by itself.
   */
  readonly delegates: boolean;
  /** Actions that it names and that mean nothing: misspelt ones, most likely. */
  readonly unknownActions?: readonly string[];
  /** It was not compared, since the explanation had taken all the steps that it may. */
  readonly uncompared?: true;
}

/** One element of a statement that does not fit the request. */
export type Mismatch =
  | {
      readonly element: "Principal" | "NotPrincipal" | "Action" | "NotAction" | "Resource" | "NotResource";
      readonly wanted: readonly string[];
      readonly found: string;
    }
  | {
      readonly element: "Condition";
      readonly key: string;
      readonly operator: string;
      readonly wanted: readonly string[];
      /** Empty when the request lacks the key. */
      readonly found: readonly string[];
    };

/** Decides as {@link evaluate} does and says why. Slower: it compares every statement in full. */
export function explain(access: Access, decider: PolicyDecider): Explanation {
  const asked = heard(access, decider);
  const verdict = evaluateHeeding(asked, decider);
  const steps = new Steps();
  const considered = participants(asked).map(({ role, policy }) => ({
    ...{ role, policy },
    statements: policy.document.statements.map((statement) => consider(statement, access, steps)),
  }));
  return { verdict, considered, remedies: smallestStatements(access, decider) };
}

function consider(statement: Statement, access: Access, steps: Steps): ConsideredStatement {
  const { index, sid, effect } = statement;
  const known = { index, sid, effect, delegates: delegates(statement, access) };
  try {
    const mismatches = mismatchesOf(statement, access, steps);
    const unknown = unknownActions(statement.actions.written, steps);
    return { ...known, mismatches, ...(unknown.length === 0 ? {} : { unknownActions: unknown }) };
  } catch (error) {
    if (!(error instanceof StepsExceededError)) throw error;
    return { ...known, mismatches: [], uncompared: true };
  }
}

function mismatchesOf(statement: Statement, access: Access, steps: Steps): readonly Mismatch[] {
  const { principals, actions, resources, conditions } = statement;
  const { caller, action, resource, context } = access;
  const found: Mismatch[] = [];
  // However indirectly it names the caller: `delegates` tells whether that is enough.
  const principal = { caller, directness: 1, bounded: access.boundary !== undefined } as const;
  if (principals !== undefined && !matchesPrincipal(statement, principal, steps)) {
    const wanted = principals.entries.map(({ written }) => written);
    found.push({ element: not("Principal", principals.negated), wanted, found: callerName(caller) });
  }
  if (!matchesAction(statement, action.toLowerCase(), steps)) {
    found.push({ element: not("Action", actions.negated), wanted: actions.written, found: action });
  }
  if (resources !== undefined && !matchesResource(statement, resource, context, steps)) {
    const wanted = resources.patterns.map(({ written }) => written);
    found.push({ element: not("Resource", resources.negated), wanted, found: resource });
  }
  for (const condition of conditions) {
    if (!condition.holds(context, steps)) found.push(conditionMismatch(condition, context));
  }
  return found;
}

function delegates({ effect, principals }: Statement, { caller, owner }: Access): boolean {
  if (effect === "Deny" || principals === undefined || accountOf(caller) !== owner) return false;
  return directness(principals.entries, caller) === 1;
}

function conditionMismatch(
  { key, operator, wanted }: Statement["conditions"][number],
  context: Context,
): Mismatch {
  return { element: "Condition", key, operator, wanted, found: valuesOf(context, key.toLowerCase()) };
}

function not<Element extends "Principal" | "Action" | "Resource">(
  element: Element,
  negated: boolean,
): Element | `Not${Element}` {
  return negated ? `Not${element}` : element;
}
