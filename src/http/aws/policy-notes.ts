import { isObject } from "../../iam/policy/json.ts";
import { unknownActions } from "../../iam/policy/known-actions.ts";

/** Members of inputs that are policy documents, in every service. */
const POLICY_MEMBERS = ["PolicyDocument", "AssumeRolePolicyDocument", "policyText"];
/** Actions that are named. */
const NAMED_MAX = 20;
/** Characters of a document, with white space that does not count towards the quotas of IAM. */
const TEXT_MAX = 20_480;

/** Actions that mean nothing in the policy that a call brings, for the audit log; undefined where there are none. */
export function unknownActionsIn(input: unknown): readonly string[] | undefined {
  if (!isObject(input)) return undefined;
  const texts = POLICY_MEMBERS.map((member) => input[member]).filter((text) => typeof text === "string");
  const unknown = unknownActions(texts.flatMap(actionsOf)).slice(0, NAMED_MAX);
  return unknown.length === 0 ? undefined : unknown;
}

/** Every action that a document names: none where it is no document, or longer than any that is accepted. */
function actionsOf(text: string): readonly string[] {
  const document = text.length > TEXT_MAX ? undefined : parsed(text);
  if (!isObject(document)) return [];
  const statements = [document["Statement"]].flat();
  return statements
    .flatMap((statement) => (isObject(statement) ? [statement["Action"], statement["NotAction"]].flat() : []))
    .filter((action) => typeof action === "string");
}

/** The record is begun before the call has looked at what it was given. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
