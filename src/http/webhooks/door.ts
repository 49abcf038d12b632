import type { IncomingMessage, ServerResponse } from "node:http";
import type { WebhookPorts } from "../../events/webhooks/webhooks.ts";
import type { Scopes } from "../../registry/scopes.ts";
import type { PageTokens } from "../aws/page-tokens.ts";
import type { Door } from "../door.ts";
import type { Exchange } from "../observe.ts";
import type { Outcome } from "../outcome.ts";
import { enterOwnApi, type OwnApiDependencies } from "../own-api/enter.ts";
import { ownRegistry } from "../own-api/own-registry.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";
import {
  createOne,
  deleteOne,
  listAll,
  listDeliveries,
  replayDead,
  testOne,
  type WebhookHandler,
} from "./handlers.ts";
import { methodsOf, type WebhookPath, webhookPath } from "./paths.ts";

export interface WebhooksDoorDependencies extends OwnApiDependencies {
  readonly webhooks: WebhookPorts;
  readonly pageTokens: PageTokens;
  readonly scopes: Scopes;
}

/** `/v1/webhooks`: who is told of the events of the caller's registry, and how that goes. */
export function openWebhooksDoor(dependencies: WebhooksDoorDependencies): Door {
  return (exchange, request, response) => {
    const path = webhookPath(request.url?.split("?", 1)[0] ?? "");
    if (path === undefined) return undefined;
    const [route, handle] = handlerOf(path, request.method ?? "") ?? ["webhooks", undefined];
    exchange.route = route;
    return respond(exchange, request, response, async () => {
      if (handle === undefined) throw wrongMethod(path);
      return enter(dependencies, exchange, request, response, path, handle);
    });
  };
}

async function enter(
  dependencies: WebhooksDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
  { id = "" }: WebhookPath,
  handle: WebhookHandler,
): Promise<Outcome> {
  const call = await enterOwnApi(dependencies, exchange, request);
  const { webhooks, pageTokens, scopes, defaultRegion } = dependencies;
  const registry = ownRegistry(call.principal, exchange.client, request, defaultRegion);
  return handle({
    ...{ call, request, response, id, ports: webhooks, pageTokens },
    scope: () => scopes.open(registry),
  });
}

function handlerOf(
  { id, part }: WebhookPath,
  method: string,
): readonly [route: string, WebhookHandler] | undefined {
  if (id === undefined) {
    if (method === "GET") return ["listWebhooks", listAll];
    return method === "POST" ? ["createWebhook", createOne] : undefined;
  }
  if (part === undefined) return method === "DELETE" ? ["deleteWebhook", deleteOne] : undefined;
  if (part === "deliveries") return method === "GET" ? ["listWebhookDeliveries", listDeliveries] : undefined;
  if (method !== "POST") return undefined;
  return part === "test" ? ["testWebhook", testOne] : ["replayWebhookDeliveries", replayDead];
}

function wrongMethod(path: WebhookPath): Refusal {
  const allowed = methodsOf(path).join(", ");
  return new Refusal("UNSUPPORTED", `this is done by ${allowed}`, { headers: { Allow: allowed } });
}
