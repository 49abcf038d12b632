import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";
import { runSimulation } from "../run-simulation.ts";
import { readCaller, readContext } from "../simulation-input.ts";

/** Judges exactly what it is given: nobody that it names need exist, and nothing of the call itself takes part. */
export function simulateCustomPolicy(
  ports: Pick<IamPorts, "tokens" | "decider">,
): IamHandler<"SimulateCustomPolicy"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const caller = readCaller(input.CallerArn);
    const context = readContext(input.ContextEntries);
    const nothing = { identity: [], boundary: undefined, texts: new Map<string, string>() };
    return runSimulation(ports, call, input, { caller, context, ...nothing });
  };
}
