import { IamError } from "../../../iam/principals/errors.ts";
import { AwsError } from "../aws-error.ts";
import type { AnyHandler } from "../handlers.ts";

/** What the rules of IAM refuse with, as an exception of the door. */
export function toAwsError(error: unknown): unknown {
  return error instanceof IamError ? new AwsError(error.code, error.message, { cause: error }) : error;
}

/** Handlers whose refusals the door understands. */
export function refusing<Handlers extends object>(handlers: Handlers): Handlers {
  const entries = Object.entries(handlers as Readonly<Record<string, AnyHandler>>);
  // The same names with handlers of the same types: only what is thrown changes.
  return Object.fromEntries(
    entries.map(([name, handler]): [string, AnyHandler] => [
      name,
      async (call, input) => {
        try {
          return await handler(call, input);
        } catch (error) {
          throw toAwsError(error);
        }
      },
    ]),
  ) as Handlers;
}
