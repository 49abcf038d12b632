import type { Context } from "./context.ts";
import { globMatches } from "./glob.ts";
import type { RequestPrincipal } from "./port.ts";
import { directness, excepts } from "./principals.ts";
import type { Statement } from "./statement.ts";
import { Steps } from "./steps.ts";
import { resolveTemplate, templateMatches } from "./template.ts";

// The four questions whose answers decide whether a statement applies to a request. The decider asks them until one says
// no; an explanation asks them all. What they cost is counted; each throws StepsExceededError.

/** What it costs to look at a statement at all. */
const STATEMENT_STEPS = 250;

/** Whether the statement is about the caller: always where the document belongs to a principal. */
export function matchesPrincipal(
  { principals, effect }: Statement,
  principal: RequestPrincipal,
  steps: Steps = new Steps(),
): boolean {
  steps.take(STATEMENT_STEPS);
  if (principals === undefined) return true;
  const { negated, entries } = principals;
  steps.take(entries.length);
  if (negated) return principal.bounded || !excepts(entries, principal.caller);
  return directness(entries, principal.caller) >= (effect === "Deny" ? 1 : principal.directness);
}

/** Whether the statement is about the action. `action` is in lower case. */
export function matchesAction({ actions }: Statement, action: string, steps: Steps = new Steps()): boolean {
  steps.take(actions.patterns.length);
  return actions.patterns.some((pattern) => globMatches(pattern, action, steps)) !== actions.negated;
}

/**
 * Whether the statement is about the resource, which is compared as one text: IAM's wildcard "can expand to match beyond
 * the colon boundaries" at the end of a segment, and users rely on `*` crossing `/` everywhere.
 * A variable without a value matches nothing; an Allow with NotResource that has one therefore applies to nothing, since
 * what it means to except is not known.
 */
export function matchesResource(
  { resources, effect }: Statement,
  resource: string,
  context: Context,
  steps: Steps = new Steps(),
): boolean {
  if (resources === undefined) return true;
  const { patterns, negated } = resources;
  steps.take(patterns.length);
  if (
    negated &&
    effect === "Allow" &&
    patterns.some((each) => resolveTemplate(each, context, steps) === undefined)
  ) {
    return false;
  }
  return patterns.some((each) => templateMatches(each, resource, context, steps)) !== negated;
}

/** Whether every condition holds. */
export function matchesConditions(
  { conditions }: Statement,
  context: Context,
  steps: Steps = new Steps(),
): boolean {
  return conditions.every((condition) => condition.holds(context, steps));
}
