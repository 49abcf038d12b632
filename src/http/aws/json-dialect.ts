import { shapeOf } from "../../aws-models/model.ts";
import type { Outcome } from "../outcome.ts";
import { errorAnswer } from "./catalogue.ts";
import type { Dialect } from "./dialect.ts";
import { jsonBytes } from "./json-bytes.ts";
import { toJson } from "./json-presenter.ts";

/** AWS JSON 1.1. The error's code stands in the body for some SDKs and in a header for others (ecr.md section 2). */
export const JSON_DIALECT: Dialect = {
  async success({ model, operation }, output, requestId) {
    const shape = model.operations[operation]?.output;
    const members = (output ?? {}) as Readonly<Record<string, unknown>>;
    const body = shape === undefined ? Buffer.from("{}") : await jsonBytes(model, shape, members);
    return document(200, body, requestId);
  },
  failure(error, model, requestId) {
    const { code, status } = errorAnswer(error, model, "json");
    const known = model !== undefined && Object.hasOwn(model.shapes, error.code);
    const members =
      known && shapeOf(model, error.code).exception === true ? toJson(model, error.code, error.members) : {};
    const said = JSON.stringify({ __type: code, ...(members as object), message: error.message });
    return document(status, Buffer.from(said), requestId, {
      ...error.headers,
      "x-amzn-ErrorType": code,
    });
  },
};

function document(
  status: number,
  body: Buffer,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Outcome {
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
