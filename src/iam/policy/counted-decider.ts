import type { PolicyDocument } from "./document.ts";
import type { PolicyDecider, PolicyDecision, PolicyRequest } from "./port.ts";
import type { Steps } from "./steps.ts";

/** Another decider with one budget of steps for all that a decision asks it. */
export class CountedDecider implements PolicyDecider {
  readonly #decider: PolicyDecider;
  readonly #steps: Steps;
  /** The document that was asked last. */
  asked: PolicyDocument | undefined;

  constructor(decider: PolicyDecider, steps: Steps) {
    this.#steps = steps;
    this.#decider = decider;
  }

  decide(document: PolicyDocument, request: PolicyRequest): PolicyDecision {
    this.asked = document;
    return this.#decider.decide(document, { ...request, steps: this.#steps });
  }
}
