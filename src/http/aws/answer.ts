import type { IncomingMessage, ServerResponse } from "node:http";
import { RegistryError } from "../../registry/errors.ts";
import { type Outcome, sendOutcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import { AwsError } from "./aws-error.ts";

/** Milliseconds for which the rest of a refused body is still taken, so that its sender gets to read the answer. */
const LINGER = 2_000;

/** Writes an answer. A request whose body was refused ends its connection once the answer had time to arrive. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: Outcome,
): Promise<void> {
  if (!request.complete) {
    response.setHeader("Connection", "close");
    request.resume();
    const timer = setTimeout(() => request.socket.destroy(), LINGER);
    timer.unref();
    request.once("close", () => clearTimeout(timer));
  }
  if (request.method !== "HEAD") return sendOutcome(response, outcome);
  const { status, headers } = outcome;
  return sendOutcome(response, { status, headers });
}

/** What a caller put into a field may be a secret that belongs elsewhere: only the caller is shown it again. */
function withoutValues(message: string): string {
  const kept: string[] = [];
  let at = 0;
  for (let value = message.indexOf(VALUE); value >= 0; value = message.indexOf(VALUE, at)) {
    const end = message.indexOf(VALUE_END, value);
    if (end < 0) break;
    kept.push(message.slice(at, value), `${VALUE}…`);
    at = end;
  }
  return kept.join("") + message.slice(at);
}

/** What stands around a value in a message of validation. */
const VALUE = "Value ";
const VALUE_END = " at '";

/** What the log is told of an error: the log tells families apart by refusals, and a bug by any other. */
export function noted(thrown: unknown, answered: AwsError, status: number): unknown {
  const isRefusal = thrown instanceof RegistryError || thrown instanceof Refusal;
  const isCallers = status < 500 && !isRefusal;
  if (!isCallers && !(thrown instanceof AwsError)) return thrown;
  return new Refusal(
    status < 500 ? "UNSUPPORTED" : "UNAVAILABLE",
    `${answered.code}: ${withoutValues(answered.message)}`,
    {
      status,
      cause: answered.cause,
    },
  );
}
