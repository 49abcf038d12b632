import { LRUCache } from "lru-cache";
import type { PolicyDocument } from "../../iam/policy/document.ts";
import { matchesAction } from "../../iam/policy/match.ts";
import {
  NO_DECISION,
  type PolicyDecider,
  type PolicyDecision,
  type PolicyRequest,
} from "../../iam/policy/port.ts";
import { Steps } from "../../iam/policy/steps.ts";
import { readModel } from "./model.ts";
import { type Rule, ruleOf, StatementEnforcer } from "./statement-enforcer.ts";

/** Rules that are remembered of all documents together, by what {@link sizeOf} counts: 8 bytes each. */
const REMEMBERED_MAX = 2_000_000;
/** What remembering one answer takes, in rules. */
const ANSWER_SIZE = 32;

/** Decides by Casbin, whose rules are the statements of the document that is asked. */
export class CasbinDecider implements PolicyDecider {
  readonly #enforcer: StatementEnforcer;
  /** Rules about an action, by document and action. Whoever simulates makes both up: they are bounded together. */
  readonly #candidates: LRUCache<string, Rule[]>;

  /**
   * `modelText` is the shipped model unless a test brings its own.
   * @throws Error when the model is not one of Casbin's or names other fields
   */
  constructor(modelText: string = readModel(), max: number = REMEMBERED_MAX) {
    this.#enforcer = new StatementEnforcer(modelText);
    this.#candidates = new LRUCache({ maxSize: max, sizeCalculation: sizeOf });
  }

  /** Rules that are remembered now. */
  get remembered(): number {
    return this.#candidates.calculatedSize;
  }

  decide(document: PolicyDocument, request: PolicyRequest): PolicyDecision {
    const { action, steps = new Steps() } = request;
    const candidates = this.#candidatesFor(document, action, steps);
    if (candidates.length === 0) return NO_DECISION;
    return this.#enforcer.decide(document.statements, candidates, request, steps);
  }

  /**
   * The rules about an action. The first Deny comes first, for it ends the walk; the first Allow last, for Casbin names
   * the Allow that it saw last.
   */
  #candidatesFor({ hash, statements }: PolicyDocument, action: string, steps: Steps): Rule[] {
    const key = `${hash}${action}`;
    const known = this.#candidates.get(key);
    if (known !== undefined) return known;
    const about = statements.filter((statement) => matchesAction(statement, action, steps));
    const rules = [
      ...about.filter(({ effect }) => effect === "Deny"),
      ...about.filter(({ effect }) => effect === "Allow").reverse(),
    ].map(ruleOf);
    this.#candidates.set(key, rules);
    return rules;
  }
}

function sizeOf(rules: Rule[]): number {
  return ANSWER_SIZE + rules.length;
}
