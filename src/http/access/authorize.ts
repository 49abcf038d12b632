import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import type { Principal } from "../../iam/principal.ts";

/** A decision, and the action that it is about. */
export type Authorization = Decision & { readonly action: string };

/** Any one of `actions` on a resource, in their order: the first that is allowed, or the refusal of the last. */
export async function authorizeAny<Who extends Principal>(
  authorizer: {
    decide(who: Who, action: string, arn: string, context: RequestContext): ReturnType<Authorizer["decide"]>;
    known?(who: Who, action: string, arn: string, context: RequestContext): Decision | undefined;
  },
  who: Who,
  actions: readonly string[],
  arn: string,
  context: RequestContext,
): Promise<Authorization> {
  let last: Authorization = { allowed: false, reason: "", action: "" };
  for (const action of actions) {
    const known = authorizer.known?.(who, action, arn, context);
    last = { ...(known ?? (await authorizer.decide(who, action, arn, context))), action };
    if (last.allowed) return last;
  }
  return last;
}

/** Whether {@link authorizeAny} is known to allow it without waiting. */
export function isKnownAllowed(
  authorizer: Pick<Authorizer, "known">,
  who: Principal,
  actions: readonly string[],
  arn: string,
  context: RequestContext,
): boolean {
  for (const action of actions) {
    if (authorizer.known?.(who, action, arn, context)?.allowed === true) return true;
  }
  return false;
}
