import { shapeOf } from "../../aws-models/model.ts";
import type { Outcome } from "../outcome.ts";
import { errorAnswer } from "./catalogue.ts";
import type { Dialect } from "./dialect.ts";
import { toJson } from "./json-presenter.ts";

/** AWS JSON 1.1. The error's code stands in the body for some SDKs and in a header for others (ecr.md section 2). */
export const JSON_DIALECT: Dialect = {
  success({ model, operation }, output, requestId) {
    const shape = model.operations[operation]?.output;
    return document(200, shape === undefined ? {} : toJson(model, shape, output ?? {}), requestId);
  },
  failure(error, model, requestId) {
    const { code, status } = errorAnswer(error, model, "json");
    const known = model !== undefined && Object.hasOwn(model.shapes, error.code);
    const members =
      known && shapeOf(model, error.code).exception === true ? toJson(model, error.code, error.members) : {};
    return document(status, { __type: code, ...(members as object), message: error.message }, requestId, {
      ...error.headers,
      "x-amzn-ErrorType": code,
    });
  },
};

function document(
  status: number,
  value: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Outcome {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    headers: {
      ...headers,
      "Content-Type": "application/x-amz-json-1.1",
      "Content-Length": body.length,
      "x-amzn-RequestId": requestId,
    },
    body,
  };
}
