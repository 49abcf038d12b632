import { postgresChangeReader } from "../adapters/postgres/change-reader.ts";
import { postgresDeliveries } from "../adapters/postgres/webhooks/deliveries.ts";
import { postgresWebhooks } from "../adapters/postgres/webhooks/store.ts";
import { webhookSender } from "../adapters/webhooks/send.ts";
import type { Config } from "../config.ts";
import type { ChangeReader } from "../events/ports.ts";
import { Waiters } from "../events/waiters.ts";
import type { WebhookPorts } from "../events/webhooks/webhooks.ts";
import { PageTokens } from "../http/aws/page-tokens.ts";
import { EventCursors } from "../http/events/cursor.ts";
import { OutboundHosts } from "../kernel/outbound-hosts.ts";
import type { Log } from "../log.ts";
import { version } from "../version.ts";
import type { State } from "./state.ts";

/** What happened, for those who want to be told. */
export interface Events {
  readonly reader: ChangeReader;
  readonly waiters: Waiters;
  readonly cursors: EventCursors;
  readonly webhooks: WebhookPorts;
}

export function composeEvents(config: Config, { database, masterKey, clock }: State, log: Log): Events {
  const hosts = new OutboundHosts(config.webhookPrivateHosts);
  const reader = postgresChangeReader(database);
  const onFailure = (error: unknown): void =>
    log.warn("events could not be looked for; it will be tried again", {
      error: error instanceof Error ? error.message : String(error),
    });
  return {
    reader,
    waiters: new Waiters({ reader, onFailure }),
    webhooks: {
      ...{ hosts, masterKey, clock },
      webhooks: postgresWebhooks(database),
      deliveries: postgresDeliveries(database),
      sender: webhookSender({
        ...{ hosts, authorities: config.webhookAuthorities },
        userAgent: `berth/${version()}`,
      }),
    },
    cursors: new EventCursors(new PageTokens(masterKey.derive("cursors of events"))),
  };
}
