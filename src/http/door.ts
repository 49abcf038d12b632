import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "./observe.ts";

/** Answers a request if it is one of its own; undefined leaves it to the next door. Never rejects. */
export type Door = (
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | undefined;
