import { ParametersError } from "../kernel/parameters.ts";
import { RegistryError } from "../registry/errors.ts";
import { ClientGoneError } from "./body.ts";
import { json, type Outcome } from "./outcome.ts";
import { Refusal } from "./refusal.ts";
import { refusalOf } from "./refusal-of.ts";

/** What an error means for the log. */
export type Fault = "caller" | "dependency" | "bug" | "gone";

export function faultOf(error: unknown): Fault {
  if (error instanceof ClientGoneError || codeOf(error) === "ERR_STREAM_PREMATURE_CLOSE") return "gone";
  if (error instanceof ParametersError) return "caller";
  const refusal = asRefusal(error);
  if (refusal === undefined) return "bug";
  return refusal.status >= 500 ? "dependency" : "caller";
}

/** The OCI error body (distribution-spec "Error Codes") of anything thrown. What a bug says is for the log alone. */
export function errorOutcome(error: unknown, requestId: string): Outcome {
  const refusal = asRefusal(error);
  if (refusal !== undefined) {
    const { code, message, detail, status, headers } = refusal;
    return json(
      status,
      { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] },
      headers,
    );
  }
  if (error instanceof ParametersError) {
    return json(error.status, { errors: [{ code: "SIZE_INVALID", message: error.message }] });
  }
  const message = `an internal error occurred; the log has it under request id ${requestId}`;
  return json(500, { errors: [{ code: "UNKNOWN", message }] });
}

function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof RegistryError) return refusalOf(error);
  return error instanceof Refusal ? error : undefined;
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
