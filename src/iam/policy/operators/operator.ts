import type { Context } from "../context.ts";
import type { Steps } from "../steps.ts";

/** Compares one value of the request with one of the policy. @throws StepsExceededError */
export type Comparison = (found: string, context: Context, steps: Steps) => boolean;

/** One condition operator of IAM, without prefix and suffix. */
export interface Operator {
  /**
   * Whether the name says Not: then it holds when no value of the policy compares, and on an absent key. The comparison
   * itself is the positive one.
   */
  readonly negated: boolean;
  /** @throws OperandError when the value of the policy is not of the operator's kind */
  compile(wanted: string, variables: boolean): Comparison;
}

/** What a policy's value must be for its operator. */
export class OperandError extends Error {
  override readonly name = "OperandError";
}
