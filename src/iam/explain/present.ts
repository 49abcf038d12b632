import type { Decisive } from "../policy/access.ts";
import type { ConsideredPolicy } from "../policy/explain.ts";
import type { Remedy } from "../policy/remedy.ts";
import type { Answer, ExplainedDenial } from "./explainer.ts";

/** An answer as JSON shows it: labels of policies instead of the documents. */
export function presentAnswer({ principal, action, resource, explanation, notes }: Answer) {
  const { verdict, considered, remedies } = explanation;
  return {
    ...{ principal, action, resource, allowed: verdict.allowed },
    ...(verdict.allowed ? {} : { message: verdict.message }),
    ...(verdict.decidedBy === undefined ? {} : { decidedBy: presentDecisive(verdict.decidedBy) }),
    policies: considered.map(presentPolicy),
    remedies: remedies.map(presentRemedy),
    notes,
  };
}

/** The same for a denial of the past; `now` is absent where the principal is gone, which `gone` says then. */
export function presentDenial({ denial, now, gone }: ExplainedDenial) {
  return {
    denial: { ...denial, at: denial.at.toISOString() },
    ...(now === undefined ? { gone } : { now: presentAnswer(now) }),
  };
}

function presentPolicy({ role, policy, statements }: ConsideredPolicy) {
  return {
    ...{ role, policy: policy.label },
    ...(policy.document.unreadable === undefined ? {} : { unreadable: policy.document.unreadable }),
    statements: statements.map((statement) => ({
      ...statement,
      matches: statement.uncompared !== true && statement.mismatches.length === 0,
    })),
  };
}

function presentDecisive({ role, policy, statement, sid }: Decisive) {
  return { role, policy: policy.label, statement, ...(sid === undefined ? {} : { sid }) };
}

function presentRemedy(remedy: Remedy) {
  if (remedy.change === "amend") return { change: remedy.change, ...presentDecisive(remedy.decisive) };
  return remedy.change === "replace" || remedy.change === "simplify"
    ? { ...remedy, policy: remedy.policy.label }
    : remedy;
}
