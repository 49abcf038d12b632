import type { IncomingMessage } from "node:http";
import type { ServiceModel } from "../../aws-models/model.ts";
import { type ParameterLimits, Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import { readBody } from "../body.ts";
import { violationsOf } from "./constraints.ts";
import type { ContentBody } from "./content-body.ts";
import { decodeJson } from "./json-decoder.ts";
import { decodeQuery } from "./query-decoder.ts";
import type { Recognised } from "./recognise.ts";
import { jsonValidationError, queryValidationError } from "./validation-errors.ts";

/** Bytes of the form of a call whose head names no key that exists: a token of an identity provider fits. */
export const UNCLAIMED_FORM_MAX = 64 * 1024;

/** A list of a few thousand elements is the most that an operation takes; a value is a policy, percent-encoded. */
const FORM_LIMITS: ParameterLimits = {
  ...{ status: 413, count: 4_000 },
  ...{ nameBytes: 256, valueBytes: 512 * 1024 },
};

/** What says which operation is meant. */
const ADDRESS = ["Action", "Version"];

/** The body of a Query call, as it was signed. */
export interface Form {
  readonly body: Buffer;
  /** What the call is addressed to. Nothing else is read until it is known who sent it. */
  readonly address: Parameters;
  /** All parameters; those of the query string too, which AWS takes alike. */
  parameters(): Parameters;
}

/** Reads a form of at most `max` bytes, and counts its parameters. @throws Refusal (413, 408), ParametersError */
export async function readForm(request: IncomingMessage, max: number): Promise<Form> {
  const query = queryText(request.url);
  const body = await readBody(request, max);
  const anyName = (name: string): boolean => !name.startsWith("X-Amz-");
  return {
    body,
    address: Parameters.pick(body, ADDRESS, FORM_LIMITS).with(
      Parameters.pick(query, ADDRESS, QUERY_LIMITS),
      anyName,
    ),
    parameters: () =>
      Parameters.parse(body, FORM_LIMITS).with(Parameters.parse(query, QUERY_LIMITS), anyName),
  };
}

/** The input of an operation, decoded and checked against its shape. @throws AwsError for what the model does not allow */
export function inputOf({ model, operation }: Recognised, sent: Buffer | ContentBody | Parameters): unknown {
  const shape = model.operations[operation]?.input;
  if (shape === undefined) return {};
  const isForm = sent instanceof Parameters;
  const input = isForm ? decodeQuery(model, shape, sent) : decodeBody(model, shape, sent);
  const violations = violationsOf(model, shape, input);
  if (violations.length === 0) return input;
  throw isForm ? queryValidationError(violations) : jsonValidationError(model, operation, violations);
}

function decodeBody(model: ServiceModel, shape: string, sent: Buffer | ContentBody): unknown {
  if (Buffer.isBuffer(sent)) return decodeJson(model, shape, sent);
  const input = decodeJson(model, shape, sent.json) as object;
  return sent.content === undefined ? input : { ...input, [sent.member]: sent.content };
}
