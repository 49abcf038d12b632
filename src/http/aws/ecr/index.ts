import type { ServiceHandlers } from "../call.ts";
import { handlersOf } from "../handlers.ts";
import * as operations from "./operations/index.ts";
import type { EcrPorts } from "./ports.ts";

/** The operations of ECR. */
export function ecrHandlers(ports: EcrPorts): ServiceHandlers<"ecr"> {
  return handlersOf<"ecr", EcrPorts>(operations, ports);
}
