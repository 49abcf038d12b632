import type { StsPorts } from "../../../iam/sessions/ports.ts";
import type { ServiceHandlers } from "../call.ts";
import { handlersOf } from "../handlers.ts";
import { refusing } from "../iam/refusals.ts";
import * as operations from "./operations/index.ts";

/** The operations of STS. */
export function stsHandlers(ports: StsPorts): ServiceHandlers<"sts"> {
  return refusing(handlersOf<"sts", StsPorts>(operations, ports));
}
