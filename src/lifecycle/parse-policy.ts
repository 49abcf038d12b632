import { policyInvalid } from "./errors.ts";
import { type LifecyclePolicy, RULES_MAX, type Rule } from "./policy.ts";
import { refuseConflicts } from "./rule-conflicts.ts";
import { matchesNoSchema, readArray, readEnum, readObject, readPositive, readText } from "./schema.ts";
import { readSelection } from "./selection.ts";

/** What ECR says of a text that is no JSON object. */
const NO_POLICY = "Could not map policyString into LifecyclePolicy.";

/**
 * The policy that a text says. Its length is for the caller to bound: the cost of reading is linear in it.
 * @throws RegistryError LIFECYCLE_POLICY_INVALID in ECR's words where they are known
 */
export function parseLifecyclePolicy(text: string): LifecyclePolicy {
  const { rules } = readObject(readJson(text), ["rules"], []);
  const read = readRules(rules).map(readRule);
  refuseConflicts(read);
  return { rules: read.toSorted((a, b) => a.priority - b.priority) };
}

function readJson(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw policyInvalid(NO_POLICY);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw policyInvalid(NO_POLICY);
  return value;
}

function readRules(value: unknown): readonly unknown[] {
  const rules = readArray(value);
  const has = `elements but instance has ${rules.length} elements`;
  if (rules.length < 1) throw policyInvalid(`array is too short: must have at least 1 ${has}`);
  if (rules.length > RULES_MAX) {
    throw policyInvalid(`array is too long: must have at most ${RULES_MAX} ${has}`);
  }
  return rules;
}

function readRule(value: unknown): Rule {
  const members = readObject(value, ["rulePriority", "selection", "action"], ["description"]);
  const priority = readPositive(members["rulePriority"]);
  const description = Object.hasOwn(members, "description") ? readText(members["description"]) : undefined;
  const action = readAction(members["action"]);
  return { priority, description, action, ...readSelection(members["selection"], action, priority) };
}

function readAction(value: unknown): Rule["action"] {
  const members = readObject(value, ["type"], ["targetStorageClass"]);
  const action = readEnum(members["type"], ["expire", "transition"]);
  const target = members["targetStorageClass"];
  if ((action === "transition") !== (typeof target === "string")) throw matchesNoSchema();
  if (action === "expire" && Object.hasOwn(members, "targetStorageClass")) throw matchesNoSchema();
  if (action === "transition") readEnum(target, ["archive"]);
  return action;
}
