import type { ServiceModel } from "../../aws-models/model.ts";
import type { Outcome } from "../outcome.ts";
import type { AwsError } from "./aws-error.ts";

/** What a dialect knows of the call that it answers. */
export interface Addressed {
  readonly model: ServiceModel;
  readonly operation: string;
}

/** How answers are written: AWS JSON 1.1 or AWS Query. */
export interface Dialect {
  success(addressed: Addressed, output: unknown, requestId: string): Outcome | Promise<Outcome>;
  /** `model` is undefined while it is not known which service was meant. */
  failure(error: AwsError, model: ServiceModel | undefined, requestId: string): Outcome;
}
