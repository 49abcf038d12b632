import type { ServiceHandlers } from "../call.ts";
import { handlersOf } from "../handlers.ts";
import { laterHandlers } from "./later.ts";
import * as operations from "./operations/index.ts";
import type { EcrPorts } from "./ports.ts";

/** The operations of ECR, and an answer for those that come later. */
export function ecrHandlers(ports: EcrPorts): ServiceHandlers<"ecr"> {
  return { ...laterHandlers(), ...handlersOf<"ecr", EcrPorts>(operations, ports) };
}
