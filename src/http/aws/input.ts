import type { IncomingMessage } from "node:http";
import { readBody } from "../body.ts";
import { violationsOf } from "./constraints.ts";
import { bodyMax } from "./incoming.ts";
import { decodeJson } from "./json-decoder.ts";
import { decodeQuery } from "./query-decoder.ts";
import type { Recognised } from "./recognise.ts";
import { jsonValidationError, queryValidationError } from "./validation-errors.ts";

/** The body of a Query call, as it was signed, and its parameters. */
export interface Form {
  readonly body: Buffer;
  readonly parameters: URLSearchParams;
}

/** Reads a form; parameters may stand in the query string too, which AWS takes alike. */
export async function readForm(request: IncomingMessage): Promise<Form> {
  const body = await readBody(request, bodyMax(""));
  const url = request.url ?? "";
  const mark = url.indexOf("?");
  const parameters = new URLSearchParams(body.toString("utf8"));
  for (const [name, value] of new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1))) {
    if (!name.startsWith("X-Amz-")) parameters.append(name, value);
  }
  return { body, parameters };
}

/** The input of an operation, decoded and checked against its shape. @throws AwsError for what the model does not allow */
export function inputOf({ model, operation }: Recognised, sent: Buffer | URLSearchParams): unknown {
  const shape = model.operations[operation]?.input;
  if (shape === undefined) return {};
  const isForm = sent instanceof URLSearchParams;
  const input = isForm ? decodeQuery(model, shape, sent) : decodeJson(model, shape, sent);
  const violations = violationsOf(model, shape, input);
  if (violations.length === 0) return input;
  throw isForm ? queryValidationError(violations) : jsonValidationError(model, operation, violations);
}
