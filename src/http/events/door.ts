import type { IncomingMessage, ServerResponse } from "node:http";
import type { ChangeReader } from "../../events/ports.ts";
import { START } from "../../events/position.ts";
import { readPage } from "../../events/read-page.ts";
import { EVENTS_KEPT } from "../../events/retention.ts";
import type { Waiters } from "../../events/waiters.ts";
import { OWN_ACTIONS } from "../../iam/actions.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { Scopes } from "../../registry/scopes.ts";
import type { Door } from "../door.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { enterOwnApi, type OwnApiDependencies } from "../own-api/enter.ts";
import { ownRegistry } from "../own-api/own-registry.ts";
import { numberOf } from "../own-api/parameters.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";
import { cursorTooOld, type EventCursors } from "./cursor.ts";

export const EVENTS_PATH = "/v1/events";

/** Events of a page: by default, and at most. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 250;
/** Seconds for which an answer waits for an event, at most. */
const WAIT_MAX = 20;

export interface EventsDoorDependencies extends OwnApiDependencies {
  readonly reader: ChangeReader;
  readonly waiters: Waiters;
  readonly cursors: EventCursors;
  readonly scopes: Scopes;
}

/** `GET /v1/events`: what happened to the registry of the caller's account, page by page, and what happens. */
export function openEventsDoor(dependencies: EventsDoorDependencies): Door {
  return (exchange, request, response) => {
    if (request.url?.split("?", 1)[0] !== EVENTS_PATH) return undefined;
    exchange.route = "listEvents";
    return respond(exchange, request, response, () => answer(dependencies, exchange, request, response));
  };
}

async function answer(
  dependencies: EventsDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Outcome> {
  const call = await enterOwnApi(dependencies, exchange, request);
  if (request.method !== "GET") {
    throw new Refusal("UNSUPPORTED", "events are read with GET", { headers: { Allow: "GET, OPTIONS" } });
  }
  await call.authorize(OWN_ACTIONS.listEvents);
  const { reader, waiters, cursors, scopes, clock, defaultRegion } = dependencies;
  const scope = await scopes.open(ownRegistry(call.principal, exchange.client, request, defaultRegion));
  const { after, limit, wait } = asked(request);
  const from = after === null ? START : cursors.open(scope, after, clock.now());
  const page = async (position: typeof from) => {
    const began = clock.now();
    const since = new Date(began.getTime() - EVENTS_KEPT);
    return { ...(await readPage(reader, scope, position, limit, since)), began };
  };
  let found = await page(from);
  if (isAhead(from.xid, found.horizon)) throw cursorTooOld("the database was restored since");
  if (found.events.length === 0 && !found.isMore && wait > 0) {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const waiting = { registry: scope.id, from: found.next, account: scope.account };
    await waiters.wait(waiting, wait * 1_000, gone.signal);
    found = await page(found.next);
  }
  const { events, next, isMore, began, last } = found;
  const at = isMore ? (last ?? began) : began;
  return json(200, {
    events: events.map(({ envelope }) => envelope),
    next: cursors.seal(scope, { position: next, at }),
    more: isMore,
  });
}

/** Of transactions that this database has not come to yet. */
function isAhead(xid: string, horizon: string): boolean {
  return BigInt(xid) > BigInt(horizon);
}

function asked(request: IncomingMessage) {
  const query = Parameters.parse(queryText(request.url), QUERY_LIMITS);
  return {
    after: query.get("after"),
    limit: numberOf(query, "limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT,
    wait: numberOf(query, "wait", 0, WAIT_MAX) ?? 0,
  };
}
