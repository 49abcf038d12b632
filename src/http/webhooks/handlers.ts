import type { IncomingMessage, ServerResponse } from "node:http";
import { DELIVERY_STATES, type DeliveryState, type ShownDelivery } from "../../events/webhooks/ports.ts";
import type { Webhook } from "../../events/webhooks/webhook.ts";
import {
  createWebhook,
  findWebhook,
  testWebhook,
  type WebhookPorts,
  webhookUnknown,
} from "../../events/webhooks/webhooks.ts";
import { OWN_ACTIONS } from "../../iam/actions.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { Scope } from "../../registry/scope.ts";
import type { PageTokens } from "../aws/page-tokens.ts";
import { empty, json, type Outcome } from "../outcome.ts";
import type { OwnCall } from "../own-api/enter.ts";
import { numberOf, wrong } from "../own-api/parameters.ts";
import { readReplay, readWanted } from "./input.ts";

/** A call about webhooks by somebody who is known. */
export interface WebhookCall {
  readonly call: OwnCall;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Of one webhook; empty for all of them. */
  readonly id: string;
  readonly ports: WebhookPorts;
  readonly pageTokens: PageTokens;
  /** The caller's registry; asked for once the call has been allowed. */
  scope(): Promise<Scope>;
}

export type WebhookHandler = (call: WebhookCall) => Promise<Outcome>;

const DELIVERIES_DEFAULT = 50;
const DELIVERIES_MAX = 250;
/** Dead letters that one request replays. */
const REPLAY_MAX = 1_000;

export const createOne: WebhookHandler = async ({ call, request, ports, scope }) => {
  await call.authorize(OWN_ACTIONS.createWebhook);
  const wanted = await readWanted(request);
  const { secretText, ...webhook } = await createWebhook(
    ports,
    await scope(),
    wanted,
    call.cause(OWN_ACTIONS.createWebhook),
  );
  return json(201, { ...shown(webhook), secret: secretText });
};

export const listAll: WebhookHandler = async ({ call, ports, scope }) => {
  await call.authorize(OWN_ACTIONS.listWebhooks);
  const { id } = await scope();
  return json(200, { webhooks: (await ports.webhooks.list(id)).map(shown) });
};

export const deleteOne: WebhookHandler = async ({ call, id, ports, scope }) => {
  await call.authorize(OWN_ACTIONS.deleteWebhook);
  const cause = call.cause(OWN_ACTIONS.deleteWebhook);
  const { webhooks, clock } = ports;
  if (await webhooks.delete((await scope()).id, id, cause, clock.now())) return empty(204);
  throw webhookUnknown(id);
};

export const testOne: WebhookHandler = async ({ call, response, id, ports, scope }) => {
  await call.authorize(OWN_ACTIONS.testWebhook);
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return json(200, await testWebhook(ports, await scope(), id, gone.signal));
};

export const listDeliveries: WebhookHandler = async ({ call, request, id, ports, pageTokens, scope }) => {
  await call.authorize(OWN_ACTIONS.listWebhookDeliveries);
  const registry = await scope();
  await findWebhook(ports, registry, id);
  const query = Parameters.parse(queryText(request.url), QUERY_LIMITS);
  const state = stateOf(query.get("state"));
  const limit = numberOf(query, "limit", 1, DELIVERIES_MAX) ?? DELIVERIES_DEFAULT;
  const { account, region } = registry;
  const binding = { operation: "berth.ListWebhookDeliveries", account, region, filters: [id, state] };
  const after = query.get("after");
  const [before] = after === null ? [Number.MAX_SAFE_INTEGER] : (pageTokens.open(binding, after) ?? []);
  if (before === undefined) throw wrong("after must be what an answer to this very question had as next");
  const asked = { state, before: Number(before), limit };
  const found = await ports.deliveries.list(id, asked);
  const last = found.length === limit ? found.at(-1) : undefined;
  return json(200, {
    deliveries: found.map(shownDelivery),
    ...(last === undefined ? {} : { next: pageTokens.seal(binding, [String(last.id)]) }),
  });
};

export const replayDead: WebhookHandler = async ({ call, request, id, ports, scope }) => {
  await call.authorize(OWN_ACTIONS.replayWebhookDeliveries);
  const ids = await readReplay(request);
  const { deliveries, clock } = ports;
  await findWebhook(ports, await scope(), id);
  const cause = call.cause(OWN_ACTIONS.replayWebhookDeliveries);
  return json(200, { replayed: await deliveries.replay(id, { ids, limit: REPLAY_MAX }, cause, clock.now()) });
};

function shown({ id, url, detailTypes, repositoryPrefix, createdAt }: Webhook) {
  return { id, url, detailTypes, repositoryPrefix, createdAt };
}

function shownDelivery({ id, state, attempts, queuedAt, attemptedAt, outcome, event }: ShownDelivery) {
  return { id: String(id), state, attempts, queuedAt, attemptedAt, outcome, event };
}

function stateOf(text: string | null): DeliveryState | undefined {
  if (text === null) return undefined;
  const state = DELIVERY_STATES.find((each) => each === text);
  if (state !== undefined) return state;
  throw wrong(`state must be ${DELIVERY_STATES.join(" or ")}, not ${JSON.stringify(text.slice(0, 100))}`);
}
