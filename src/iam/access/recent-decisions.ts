import { LRUCache } from "lru-cache";
import type { Decision, RequestContext } from "../authorizer.ts";
import type { Identity } from "../principals/identity.ts";

const PRINCIPALS_MAX = 1_000;
const DECISIONS_MAX = 64;

/** What one principal was told in one context, while its account stayed as it was. */
interface Recent {
  readonly version: number;
  readonly region: string | undefined;
  readonly sourceIp: string;
  readonly secureTransport: boolean;
  readonly userAgent: string;
  /** By action and resource. */
  readonly decisions: Map<string, Decision>;
}

/**
 * The latest decisions of the principals that ask most: a client asks again and again from one address with one agent, so
 * that this is looked at once, and action and resource are all that there is to look up. For principals and resources of
 * one account, and requests without conditions of their own. Bounded: 1,000 principals, 64 decisions each.
 */
export class RecentDecisions {
  readonly #byPrincipal = new LRUCache<Identity, Recent>({ max: PRINCIPALS_MAX });

  /** What is known of a principal in this context, to be added to by {@link keep}. */
  of(identity: Identity, version: number, context: RequestContext): Map<string, Decision> {
    const known = this.#byPrincipal.get(identity);
    const { region, sourceIp, secureTransport, userAgent } = context;
    if (
      known !== undefined &&
      known.version === version &&
      known.region === region &&
      known.sourceIp === sourceIp &&
      known.secureTransport === secureTransport &&
      known.userAgent === userAgent
    ) {
      return known.decisions;
    }
    const decisions = new Map<string, Decision>();
    this.#byPrincipal.set(identity, { version, region, sourceIp, secureTransport, userAgent, decisions });
    return decisions;
  }
}

/** Adds a decision; of too many all are forgotten. */
export function keep(decisions: Map<string, Decision>, name: string, decision: Decision): void {
  if (decisions.size >= DECISIONS_MAX) decisions.clear();
  decisions.set(name, decision);
}
