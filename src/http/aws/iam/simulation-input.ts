import type { SimulateCustomPolicyRequest } from "../../../aws-models/iam.types.ts";
import type { AttachedPolicy } from "../../../iam/policy/access.ts";
import { accountOf, type Caller } from "../../../iam/policy/caller.ts";
import type { Context } from "../../../iam/policy/context.ts";
import { parsePolicyDocument } from "../../../iam/policy/document.ts";
import { PolicyError } from "../../../iam/policy/errors.ts";
import type { PolicyKind } from "../../../iam/policy/kinds.ts";
import { contextOf } from "../../../iam/principals/global-context.ts";
import { simulatedCaller } from "../../../iam/principals/simulation/simulated-caller.ts";
import { AwsError } from "../aws-error.ts";

/** What both simulators are given. */
export type SimulationInput = Omit<SimulateCustomPolicyRequest, "PolicyInputList"> & {
  readonly PolicyInputList?: readonly string[] | undefined;
};

/** A policy of the input, and its text for the positions in the answer. */
export interface InputPolicy {
  readonly policy: AttachedPolicy;
  readonly text: string;
}

/** Longest document that the simulator takes: what the model allows. */
const DOCUMENT_MAX = 131_072;
/** Questions of one call: actions times resources. */
const QUESTIONS_MAX = 10_000;
/** Each action's result shows all of them. */
const RESOURCES_MAX = 250;
const ACTION = /^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/;

/** The policies of an input list, named as AWS names them: `PolicyInputList.1`. @throws AwsError InvalidInputException */
export function readPolicies(
  list: string,
  kind: PolicyKind,
  texts: readonly string[] | undefined,
): readonly InputPolicy[] {
  return (texts ?? []).map((text, index) => ({
    text,
    policy: readPolicy(`${list}.${index + 1}`, kind, text),
  }));
}

export function readPolicy(label: string, kind: PolicyKind, text: string): AttachedPolicy {
  try {
    return { label, document: parsePolicyDocument(text, { kind, maxSize: DOCUMENT_MAX }) };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw invalid(`Invalid policy ${label}: ${error.message}`);
  }
}

/** @throws AwsError InvalidInputException for an action that cannot be one, or too many questions at once */
export function requireQuestions({ ActionNames: actions, ResourceArns: resources }: SimulationInput): void {
  const wrong = actions.find((action) => !ACTION.test(action));
  if (wrong !== undefined) throw invalid(`Invalid Entity Action Name: ${wrong}`);
  if (resources !== undefined && resources.length > RESOURCES_MAX) {
    throw invalid(`${resources.length} resources at once are more than ${RESOURCES_MAX}`);
  }
  const questions = actions.length * (resources?.length ?? 1);
  if (questions > QUESTIONS_MAX) {
    throw invalid(`${questions} actions and resources at once are more than ${QUESTIONS_MAX}`);
  }
}

export function readCaller(arn: string | undefined): Caller | undefined {
  if (arn === undefined) return undefined;
  const caller = simulatedCaller(arn);
  if (caller === undefined) throw invalid(`Invalid CallerArn: ${arn} cannot make a request`);
  return caller;
}

/** The context of the simulated request: what is given, and nothing else. */
export function readContext(entries: SimulationInput["ContextEntries"]): Context {
  return contextOf(
    Object.fromEntries(
      (entries ?? []).map(({ ContextKeyName: name = "", ContextKeyValues: values = [] }) => [name, values]),
    ),
  );
}

/** Whose a resource is whose ARN does not say so. */
export function ownerOf(
  { ResourceOwner: given }: SimulationInput,
  caller: Caller | undefined,
  fallback: string,
): string {
  if (given === undefined) return (caller && accountOf(caller)) ?? fallback;
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(given)?.[1];
  if (account === undefined) throw invalid(`Invalid ResourceOwner: ${given} names no account`);
  return account;
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidInputException", message);
}
