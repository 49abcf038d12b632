import type { EventEnvelope } from "../../events/envelope.ts";
import { renderEvent } from "../events/render.ts";
import { printable } from "../printable.ts";

/** A webhook as the server shows it. */
export interface ShownWebhook {
  readonly id: string;
  readonly url: string;
  readonly detailTypes: readonly string[];
  readonly repositoryPrefix: string;
  readonly createdAt: string;
}

export interface ShownDeliveries {
  readonly deliveries: readonly {
    readonly id: string;
    readonly state: string;
    readonly attempts: number;
    readonly outcome?: string;
    readonly event: EventEnvelope;
  }[];
}

export function renderMade(made: ShownWebhook & { readonly secret: string }): string {
  return `${lineOf(made)}\nsecret  ${made.secret}  (it is not shown again)\n`;
}

export function renderWebhooks(webhooks: readonly ShownWebhook[]): string {
  return webhooks.map((webhook) => `${lineOf(webhook)}\n`).join("");
}

export function renderDeliveries(deliveries: ShownDeliveries["deliveries"]): string {
  return deliveries
    .map(({ id, state, attempts, outcome, event }) => {
      const tried = attempts === 0 ? "not tried yet" : `${attempts} tried, last: ${outcome}`;
      return `${id}  ${state.padEnd(9)}  ${printable(tried)}  ${renderEvent(event)}\n`;
    })
    .join("");
}

function lineOf({ id, url, detailTypes, repositoryPrefix }: ShownWebhook): string {
  const types = detailTypes.length === 0 ? "everything" : detailTypes.join(", ");
  const where = repositoryPrefix === "" ? "" : `  of ${repositoryPrefix}*`;
  return printable(`${id}  ${url}  ${types}${where}`);
}
