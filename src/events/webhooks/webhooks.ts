import { randomBytes, randomUUID } from "node:crypto";
import type { Cause } from "../../audit/cause.ts";
import type { MasterKey } from "../../iam/master-key.ts";
import type { OutboundHosts } from "../../kernel/outbound-hosts.ts";
import type { Clock } from "../../registry/clock.ts";
import { RegistryError } from "../../registry/errors.ts";
import type { Scope } from "../../registry/scope.ts";
import type { EventEnvelope } from "../envelope.ts";
import { secondsOf } from "../event-body.ts";
import { draftWebhook, type WantedWebhook } from "./draft.ts";
import { messageOf } from "./message.ts";
import type { Attempt, DeliveryStore, WebhookSender, WebhookStore } from "./ports.ts";
import { newWebhookSecret } from "./signature.ts";
import { type StoredWebhook, WEBHOOKS_MAX, type Webhook } from "./webhook.ts";

export interface WebhookPorts {
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly sender: WebhookSender;
  readonly hosts: OutboundHosts;
  readonly masterKey: Pick<MasterKey, "open" | "seal">;
  readonly clock: Clock;
}

/** Makes a webhook; its secret is shown here and never again. @throws RegistryError WEBHOOK_INVALID, WEBHOOKS_TOO_MANY */
export async function createWebhook(
  { webhooks, hosts, masterKey, clock }: WebhookPorts,
  scope: Scope,
  wanted: WantedWebhook,
  cause: Cause,
): Promise<Webhook & { readonly secretText: string }> {
  const draft = draftWebhook(wanted, hosts);
  const id = `wh_${randomBytes(8).toString("hex")}`;
  const secretText = newWebhookSecret();
  const made = { id, draft, secret: masterKey.seal(secretText, id) };
  const webhook = await webhooks.create(scope, made, cause, clock.now());
  if (webhook !== "too many") return { ...webhook, secretText };
  throw new RegistryError("WEBHOOKS_TOO_MANY", `a registry has at most ${WEBHOOKS_MAX} webhooks`);
}

/** @throws RegistryError WEBHOOK_UNKNOWN */
export async function findWebhook(
  { webhooks }: Pick<WebhookPorts, "webhooks">,
  scope: Scope,
  id: string,
): Promise<StoredWebhook> {
  const found = await webhooks.find(scope.id, id);
  if (found === undefined) throw webhookUnknown(id);
  return found;
}

export function webhookUnknown(id: string): RegistryError {
  return new RegistryError("WEBHOOK_UNKNOWN", `there is no webhook ${id.slice(0, 100)}`);
}

/** Sends an event of a kind of its own at once, past everything that waits. @throws RegistryError WEBHOOK_UNKNOWN */
export async function testWebhook(
  ports: WebhookPorts,
  scope: Scope,
  id: string,
  gone: AbortSignal,
): Promise<Attempt> {
  const { masterKey, sender, clock } = ports;
  const webhook = await findWebhook(ports, scope, id);
  const secret = masterKey.open(webhook.secret, webhook.id);
  const message = messageOf(webhook.url, secret, testEvent(scope, clock.now()), clock.now());
  return sender.send(message, gone);
}

function testEvent({ account, region }: Scope, at: Date): EventEnvelope {
  return {
    ...{ version: "0", id: randomUUID(), "detail-type": "Berth Webhook Test", source: "aws.ecr", account },
    ...{ time: secondsOf(at), region, resources: [], detail: {} },
  };
}
