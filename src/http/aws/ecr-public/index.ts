import type { ServiceHandlers } from "../call.ts";
import { handlersOf } from "../handlers.ts";
import * as operations from "./operations/index.ts";
import type { EcrPublicPorts } from "./ports.ts";

/** The operations of ECR Public that Berth has. */
export function ecrPublicHandlers(ports: EcrPublicPorts): ServiceHandlers<"ecr-public"> {
  return handlersOf<"ecr-public", EcrPublicPorts>(operations, ports);
}
