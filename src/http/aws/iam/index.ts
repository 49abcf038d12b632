import type { ServiceHandlers } from "../call.ts";
import { handlersOf } from "../handlers.ts";
import * as absent from "./absent/index.ts";
import * as operations from "./operations/index.ts";
import type { IamPorts } from "./ports.ts";
import { refusing } from "./refusals.ts";

/** The operations of IAM. */
export function iamHandlers(ports: IamPorts): ServiceHandlers<"iam"> {
  return refusing(handlersOf<"iam", IamPorts>({ ...operations, ...absent }, ports));
}
