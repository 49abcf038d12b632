import type { ServiceModel } from "../../aws-models/model.ts";
import type { AwsError } from "./aws-error.ts";
import { commonAnswer } from "./common-exceptions.ts";

/** An error as a dialect writes it. */
export interface ErrorAnswer {
  readonly code: string;
  readonly status: number;
  /** Whose fault it is. */
  readonly family: "client" | "server";
}

/**
 * How an exception is called and answered: first by the model of the service, then by what all services have in common.
 * JSON answers 400 for every exception of a model that is not the server's fault.
 */
export function errorAnswer(
  error: Pick<AwsError, "code" | "status">,
  model: ServiceModel | undefined,
  protocol: ServiceModel["protocol"],
): ErrorAnswer {
  const { code, status } = named(error.code, model, protocol);
  const answered = error.status ?? status;
  return { code, status: answered, family: answered >= 500 ? "server" : "client" };
}

function named(
  code: string,
  model: ServiceModel | undefined,
  protocol: ServiceModel["protocol"],
): { code: string; status: number } {
  const shape = model !== undefined && Object.hasOwn(model.shapes, code) ? model.shapes[code] : undefined;
  if (shape?.exception === true) {
    const { error, fault } = shape;
    if (error !== undefined) return { code: error.code, status: error.httpStatusCode };
    return { code, status: fault === true ? 500 : 400 };
  }
  const common = commonAnswer(code);
  if (common === undefined) return { code, status: 400 };
  return protocol === "json"
    ? { code: code === "ExpiredToken" ? "ExpiredTokenException" : code, status: common.json }
    : { code: common.queryCode ?? code, status: common.query };
}
