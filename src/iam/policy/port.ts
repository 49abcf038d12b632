import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";
import type { PolicyDocument } from "./document.ts";
import type { Directness } from "./principals.ts";
import type { Statement } from "./statement.ts";
import type { Steps } from "./steps.ts";

/** What a statement is compared with. */
export interface PolicyRequest {
  readonly principal: RequestPrincipal;
  /** In lower case. */
  readonly action: string;
  /** An ARN, or `*` for an action that has no resource. */
  readonly resource: string;
  readonly context: Context;
  /** What deciding may cost; its own where none is given. */
  readonly steps?: Steps;
}

/** Who asks, as one document sees it. */
export interface RequestPrincipal {
  readonly caller: Caller;
  /** How directly an Allow must name the caller to count. A Deny counts however it names it. */
  readonly directness: Exclude<Directness, 0>;
  /** Whether the caller has a permissions boundary: IAM then applies every Deny with NotPrincipal to it. */
  readonly bounded: boolean;
}

/** What one document says to one request. */
export type PolicyDecision =
  | { readonly effect: "allow" | "deny"; readonly statement: Statement }
  /** No statement matched. */
  | { readonly effect: "none" };

/** Of a document that says nothing to a request. */
export const NO_DECISION: PolicyDecision = { effect: "none" };

/** Decides what the statements of one document say together: a Deny that matches beats every Allow. */
export interface PolicyDecider {
  /**
   * Synchronous and without side effects but caches. Names the first Deny that matches, else the first Allow.
   * @throws StepsExceededError
   */
  decide(document: PolicyDocument, request: PolicyRequest): PolicyDecision;
}
