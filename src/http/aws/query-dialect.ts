import type { Outcome } from "../outcome.ts";
import { errorAnswer } from "./catalogue.ts";
import type { Dialect } from "./dialect.ts";
import { escapeXml, tag, toXml } from "./xml-presenter.ts";

/** AWS Query: `<OperationResponse>` around the result and its request id, `<ErrorResponse>` around an error. */
export const QUERY_DIALECT: Dialect = {
  success({ model, operation }, output, requestId) {
    const { output: shape, resultWrapper } = model.operations[operation] ?? {};
    const members = shape === undefined ? "" : toXml(model, shape, output ?? {});
    const result = resultWrapper === undefined ? members : tag(resultWrapper, members);
    const metadata = tag("ResponseMetadata", tag("RequestId", requestId));
    return document(200, `${operation}Response`, model.xmlNamespace, result + metadata, requestId);
  },
  failure(error, model, requestId) {
    const { code, status, family } = errorAnswer(error, model, "query");
    const facts =
      tag("Type", family === "client" ? "Sender" : "Receiver") +
      tag("Code", escapeXml(code)) +
      tag("Message", escapeXml(error.message));
    const content = tag("Error", facts) + tag("RequestId", requestId);
    return document(status, "ErrorResponse", model?.xmlNamespace, content, requestId, error.headers);
  },
};

function document(
  status: number,
  root: string,
  namespace: string | undefined,
  content: string,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Outcome {
  const attribute = namespace === undefined ? "" : ` xmlns="${escapeXml(namespace)}"`;
  const body = Buffer.from(`<${root}${attribute}>${content}</${root}>\n`);
  return {
    status,
    headers: {
      ...headers,
      "Content-Type": "text/xml",
      "Content-Length": body.length,
      "x-amzn-RequestId": requestId,
    },
    body,
  };
}
