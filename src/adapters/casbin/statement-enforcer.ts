import { type Assertion, Enforcer, FunctionMap, newModelFromString } from "casbin";
import type { Context } from "../../iam/policy/context.ts";
import {
  matchesAction,
  matchesConditions,
  matchesPrincipal,
  matchesResource,
} from "../../iam/policy/match.ts";
import {
  NO_DECISION,
  type PolicyDecision,
  type PolicyRequest,
  type RequestPrincipal,
} from "../../iam/policy/port.ts";
import type { Statement } from "../../iam/policy/statement.ts";
import { Steps } from "../../iam/policy/steps.ts";

/** A Casbin rule: number of the statement, effect. No text of a user is in it. */
export type Rule = [statement: string, effect: "allow" | "deny"];

const RULES: Readonly<Record<Statement["effect"], Rule[]>> = { Allow: [], Deny: [] };

/** The rule that stands for a statement, the same one for all documents. */
export function ruleOf({ index, effect }: Statement): Rule {
  const known = RULES[effect][index];
  if (known !== undefined) return known;
  const rule: Rule = [String(index), effect === "Deny" ? "deny" : "allow"];
  RULES[effect][index] = rule;
  return rule;
}

/**
 * Casbin's enforcer, lent to one document at a time. It knows the four functions of the model and none of Casbin's own,
 * which would be copied for every rule of a call.
 */
export class StatementEnforcer extends Enforcer {
  readonly #rules: Assertion;
  /** Of the decision that is being made. */
  #statements: readonly Statement[] = [];
  #steps = new Steps();

  /** @throws Error when the model is not one of Casbin's or names other fields */
  constructor(modelText: string) {
    super();
    const model = newModelFromString(modelText);
    const rules = model.model.get("p")?.get("p");
    if (rules === undefined) throw new Error("the Casbin model defines no rules");
    this.#rules = rules;
    this.setModel(model);
    this.fm = new FunctionMap();
    this.fm.addFunction("matchesPrincipal", (index: string, principal: RequestPrincipal) =>
      matchesPrincipal(this.#statement(index), principal, this.#steps),
    );
    this.fm.addFunction("matchesAction", (index: string, action: string) =>
      matchesAction(this.#statement(index), action, this.#steps),
    );
    this.fm.addFunction("matchesResource", (index: string, resource: string, context: Context) =>
      matchesResource(this.#statement(index), resource, context, this.#steps),
    );
    this.fm.addFunction("matchesConditions", (index: string, context: Context) =>
      matchesConditions(this.#statement(index), context, this.#steps),
    );
  }

  /** What those of the statements say together whose rules are given. */
  decide(
    statements: readonly Statement[],
    candidates: Rule[],
    { principal, action, resource, context }: PolicyRequest,
    steps: Steps,
  ): PolicyDecision {
    // Casbin walks every rule that its model holds, so it gets only those that can match. Nothing runs in between.
    this.#rules.policy = candidates;
    this.#statements = statements;
    this.#steps = steps;
    const [allowed, rule] = this.enforceExSync(principal, action, resource, context);
    const index = rule[0];
    if (index === undefined) return NO_DECISION;
    return { effect: allowed ? "allow" : "deny", statement: this.#statement(index) };
  }

  #statement(index: string): Statement {
    const statement = this.#statements[Number(index)];
    if (statement === undefined) throw new Error(`Casbin asks for statement ${index}, which does not exist`);
    return statement;
  }
}
