import { type Assertion, Enforcer, FunctionMap, newModelFromString } from "casbin";
import type { Context } from "../../iam/policy/context.ts";
import type { PolicyDocument } from "../../iam/policy/document.ts";
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
type Rule = [statement: string, effect: "allow" | "deny"];

/** Actions remembered per document; any more are looked for each time. */
const ACTIONS_MAX = 128;

/** Casbin's enforcer with the statements of one document as rules. */
export class DocumentEnforcer {
  readonly #statements: readonly Statement[];
  readonly #enforcer: StatementEnforcer;
  readonly #rules: Assertion;
  readonly #candidates = new Map<string, Rule[]>();

  /** @throws Error when the model is not one of Casbin's or names other fields */
  constructor(document: PolicyDocument, modelText: string) {
    this.#statements = document.statements;
    const model = newModelFromString(modelText);
    const rules = model.model.get("p")?.get("p");
    if (rules === undefined) throw new Error("the Casbin model defines no rules");
    this.#rules = rules;
    this.#enforcer = new StatementEnforcer(model, (index) => this.#statement(index));
  }

  decide({ principal, action, resource, context, steps = new Steps() }: PolicyRequest): PolicyDecision {
    const candidates = this.#candidatesFor(action, steps);
    if (candidates.length === 0) return NO_DECISION;
    // Casbin walks every rule that its model holds, so it gets only those that can match. Nothing runs in between.
    this.#rules.policy = candidates;
    this.#enforcer.steps = steps;
    const [allowed, rule] = this.#enforcer.enforceExSync(principal, action, resource, context);
    const index = rule[0];
    if (index === undefined) return NO_DECISION;
    return { effect: allowed ? "allow" : "deny", statement: this.#statement(index) };
  }

  /**
   * The rules about an action. The first Deny comes first, for it ends the walk; the first Allow last, for Casbin names
   * the Allow that it saw last.
   */
  #candidatesFor(action: string, steps: Steps): Rule[] {
    const known = this.#candidates.get(action);
    if (known !== undefined) return known;
    const about = this.#statements.filter((statement) => matchesAction(statement, action, steps));
    const denials = about.filter(({ effect }) => effect === "Deny");
    const grants = about.filter(({ effect }) => effect === "Allow").reverse();
    const rules = [
      ...denials.map(({ index }): Rule => [String(index), "deny"]),
      ...grants.map(({ index }): Rule => [String(index), "allow"]),
    ];
    if (this.#candidates.size < ACTIONS_MAX) this.#candidates.set(action, rules);
    return rules;
  }

  #statement(index: string): Statement {
    const statement = this.#statements[Number(index)];
    if (statement === undefined) throw new Error(`Casbin asks for statement ${index}, which does not exist`);
    return statement;
  }
}

/** Knows the four functions of the model and none of Casbin's own, which would be copied for every rule of a call. */
class StatementEnforcer extends Enforcer {
  /** Of the decision that is being made. */
  steps = new Steps();

  constructor(model: ReturnType<typeof newModelFromString>, statement: (index: string) => Statement) {
    super();
    this.setModel(model);
    this.fm = new FunctionMap();
    this.fm.addFunction("matchesPrincipal", (index: string, principal: RequestPrincipal) =>
      matchesPrincipal(statement(index), principal, this.steps),
    );
    this.fm.addFunction("matchesAction", (index: string, action: string) =>
      matchesAction(statement(index), action, this.steps),
    );
    this.fm.addFunction("matchesResource", (index: string, resource: string, context: Context) =>
      matchesResource(statement(index), resource, context, this.steps),
    );
    this.fm.addFunction("matchesConditions", (index: string, context: Context) =>
      matchesConditions(statement(index), context, this.steps),
    );
  }
}
