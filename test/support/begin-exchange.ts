import type { IncomingMessage } from "node:http";
import { BlockList } from "node:net";
import { clientOf, type Whereabouts } from "../../src/http/client.ts";
import type { Exchange } from "../../src/http/observe.ts";

/** Nobody is trusted, and nothing is known but what the client says. */
export const ALONE: Whereabouts = { trustedProxies: new BlockList(), externalUrl: undefined };

/** An exchange that nobody observes. */
export function beginExchange(request: IncomingMessage, whereabouts = ALONE): Exchange {
  return {
    ...{ id: "none", client: clientOf(request, whereabouts), headers: {} },
    ...{ route: "unknown", principal: undefined, accessKeyId: undefined, error: undefined },
  };
}
