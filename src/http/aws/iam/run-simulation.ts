import type { SimulatePolicyResponse } from "../../../aws-models/iam.types.ts";
import type { AttachedPolicy } from "../../../iam/policy/access.ts";
import type { Caller } from "../../../iam/policy/caller.ts";
import type { Context } from "../../../iam/policy/context.ts";
import { simulate } from "../../../iam/principals/simulation/simulate.ts";
import type { AwsCall } from "../call.ts";
import { Paging } from "./paging.ts";
import type { IamPorts } from "./ports.ts";
import { Positions, presentResult } from "./present-simulation.ts";
import {
  type InputPolicy,
  invalid,
  ownerOf,
  readPolicies,
  readPolicy,
  requireQuestions,
  type SimulationInput,
} from "./simulation-input.ts";

/** What the two simulators differ in. */
interface Subject {
  readonly caller: Caller | undefined;
  readonly context: Context;
  /** Beside those of the input. */
  readonly identity: readonly AttachedPolicy[];
  /** Unless the input brings one. */
  readonly boundary: AttachedPolicy | undefined;
  /** Documents of these by their labels, as they were written. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Actions of one page, where the caller names no number. */
const ACTIONS_SHOWN = 100;
/** Questions whose results one page shows, about: writing them down, with all statements that matched, takes a turn. */
const QUESTIONS_SHOWN = 120;

/** One call of a simulator. */
export async function runSimulation(
  { tokens, decider }: Pick<IamPorts, "tokens" | "decider">,
  call: AwsCall,
  input: SimulationInput,
  subject: Subject,
): Promise<SimulatePolicyResponse> {
  requireQuestions(input);
  const { ActionNames: actions, ResourceArns: resources = ["*"], ResourcePolicy: resourceText } = input;
  const given = readPolicies("PolicyInputList", "identity", input.PolicyInputList);
  const boundaries = readPolicies(BOUNDARIES, "boundary", input.PermissionsBoundaryPolicyInputList);
  if (boundaries.length > 1) throw invalid(`${BOUNDARIES} may hold one policy`);
  const resourcePolicy =
    resourceText === undefined ? undefined : readPolicy("ResourcePolicy", "resource", resourceText);
  if (resourcePolicy !== undefined && subject.caller === undefined) {
    throw invalid(
      "CallerArn is required with ResourcePolicy: it says whom the policy's Principal is compared with",
    );
  }
  // IAM, too, may show fewer results than were asked for (SimulatePrincipalPolicy, "MaxItems").
  const MaxItems = Math.min(input.MaxItems ?? ACTIONS_SHOWN, Math.ceil(QUESTIONS_SHOWN / resources.length));
  const paging = new Paging(tokens, call, { ...input, MaxItems }, [
    JSON.stringify({ ...input, Marker: undefined, MaxItems: undefined }),
  ]);
  const numbered = actions.map((action, index) => ({ action, key: String(index).padStart(6, "0") }));
  // Only what the page shows is judged.
  const page = paging.cut(numbered, ({ key }) => key);
  const results = await simulate(
    {
      ...{ resourcePolicy, context: subject.context, caller: subject.caller },
      owner: ownerOf(input, subject.caller, call.account),
      identity: [...subject.identity, ...given.map(({ policy }) => policy)],
      boundary: boundaries[0]?.policy ?? subject.boundary,
      organization: organizationOf(input),
    },
    page.items.flatMap(({ action }) => resources.map((resource) => ({ action, resource }))),
    decider,
  );
  const positions = positionsOf(subject.texts, [...given, ...boundaries], resourceText);
  return {
    EvaluationResults: page.items.map(({ action }, index) => {
      const ofAction = results.slice(index * resources.length, (index + 1) * resources.length);
      return presentResult(action, ofAction, positions);
    }),
    ...paging.marker(page),
  };
}

const BOUNDARIES = "PermissionsBoundaryPolicyInputList";

function organizationOf({
  OrderedOrganizationPolicyInputList: levels,
}: SimulationInput): readonly (readonly AttachedPolicy[])[] | undefined {
  return levels?.map(({ ServiceControlPolicyInputList: texts }, index) =>
    readPolicies(`OrderedOrganizationPolicyInputList.${index + 1}`, "identity", texts).map(
      ({ policy }) => policy,
    ),
  );
}

function positionsOf(
  texts: ReadonlyMap<string, string>,
  policies: readonly InputPolicy[],
  resourceText: string | undefined,
): Positions {
  const given = policies.map(({ policy, text }) => [policy.label, text] as const);
  return new Positions(
    new Map([
      ...[...texts, ...given],
      ...(resourceText === undefined ? [] : [["ResourcePolicy", resourceText] as const]),
    ]),
  );
}
