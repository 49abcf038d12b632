import type { Outcome } from "../outcome.ts";
import { errorAnswer } from "./catalogue.ts";
import type { Dialect } from "./dialect.ts";

/** AWS Query with `Accept: application/json`: the elements of its XML as members, moments as seconds since 1970. */
export const QUERY_JSON_DIALECT: Dialect = {
  success({ model, operation }, output, requestId) {
    const { resultWrapper } = model.operations[operation] ?? {};
    const result = resultWrapper === undefined ? {} : { [resultWrapper]: toJson(output ?? {}) };
    const answer = { ...result, ResponseMetadata: { RequestId: requestId } };
    return document(200, { [`${operation}Response`]: answer }, requestId);
  },
  failure(error, model, requestId) {
    const { code, status, family } = errorAnswer(error, model, "query");
    const facts = { Type: family === "client" ? "Sender" : "Receiver", Code: code, Message: error.message };
    return document(status, { Error: facts, RequestId: requestId }, requestId, error.headers);
  },
};

function toJson(value: unknown): unknown {
  if (value instanceof Date) return Math.floor(value.getTime() / 1000);
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]));
}

function document(
  status: number,
  content: object,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Outcome {
  const body = Buffer.from(`${JSON.stringify(content)}\n`);
  return {
    status,
    headers: {
      ...headers,
      "Content-Type": "application/json",
      "Content-Length": body.length,
      "x-amzn-RequestId": requestId,
    },
    body,
  };
}
