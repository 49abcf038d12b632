import type { MasterKey } from "../../iam/master-key.ts";
import type { Clock } from "../../registry/clock.ts";
import { messageOf } from "./message.ts";
import type { Claim, Delivery, DeliveryQueues, WebhookSender } from "./ports.ts";
import { pauseAfter, TRIED_FOR, WAITING_MAX } from "./schedule.ts";
import type { StoredWebhook } from "./webhook.ts";

/** Webhooks that are looked after in one round, and events that one transaction goes through. */
const BEHIND_MAX = 100;
const EVENTS_MAX = 200;
/** Deliveries under way on a node: of one webhook, of one whose last attempt failed, and of all. */
export const PER_WEBHOOK = 4;
export const PER_FAILING = 1;
export const PER_NODE = 256;
/** Milliseconds for which a claim is good without a sign of life; an attempt takes a sixth of it at most. */
export const LEASE = 60_000;
/** Deliveries of one repository in a row, before others have a turn. */
const BURST = 50;

/** How attempts ended, for metrics. */
export type AttemptEnd = "delivered" | "failed" | "dead";

export interface WebhookWorkerOptions {
  readonly queues: DeliveryQueues;
  readonly sender: WebhookSender;
  readonly masterKey: Pick<MasterKey, "open">;
  readonly clock: Clock;
  readonly onEnd: (end: AttemptEnd, count: number) => void;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Delivers events to webhooks: each repository's in their order, one at a time, side by side with others. Every node has
 * one, and they share the work. What a node that ended had in its hands is delivered by another when its claims are over:
 * again, if it had arrived.
 */
export class WebhookWorker {
  readonly #options: WebhookWorkerOptions;
  /** Claims under way, by webhook. */
  readonly #underWay = new Map<string, number>();
  readonly #failing = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: WebhookWorkerOptions) {
    this.#options = options;
  }

  /** Queues what happened and begins what is due; waits for no receiver. True when there is more at once. */
  async round(): Promise<boolean> {
    const { queues, clock } = this.#options;
    let isMore = false;
    for (const webhook of await queues.behind(WAITING_MAX, BEHIND_MAX)) {
      isMore = (await queues.queue(webhook, EVENTS_MAX, clock.now())) === "more" || isMore;
    }
    for (const webhook of await queues.due(clock.now())) await this.#begin(webhook);
    return isMore;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Breaks off what is under way, and gives it back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.settled();
  }

  async #begin(webhook: string): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { queues, clock } = this.#options;
    const own = this.#underWay.get(webhook) ?? 0;
    const room = (this.#failing.has(webhook) ? PER_FAILING : PER_WEBHOOK) - own;
    const limit = Math.min(room, PER_NODE - this.#running.size);
    if (limit <= 0) return;
    const now = clock.now();
    for (const claim of await queues.claim(webhook, limit, now, leaseFrom(now))) this.#start(claim);
  }

  #start(claim: Claim): void {
    const { webhook } = claim;
    this.#underWay.set(webhook, (this.#underWay.get(webhook) ?? 0) + 1);
    const work: Promise<void> = this.#work(claim)
      .finally(() => this.#leave(webhook))
      // What went well makes room for the next at once; after a failure the next round is soon enough.
      .then((wentWell) => (wentWell ? this.#begin(webhook) : undefined))
      .catch(this.#options.onFailure)
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  #leave(webhook: string): void {
    const others = (this.#underWay.get(webhook) ?? 1) - 1;
    if (others === 0) this.#underWay.delete(webhook);
    else this.#underWay.set(webhook, others);
  }

  /** One repository's deliveries, in their order, until none is left or it is others' turn. False when one failed. */
  async #work(claim: Claim): Promise<boolean> {
    const { queues, clock } = this.#options;
    const webhook = await queues.webhook(claim.webhook);
    if (webhook === undefined) return false;
    for (let count = 0; count < BURST && !this.#stopping.signal.aborted; count++) {
      const delivery = await queues.next(claim);
      if (delivery === undefined) break;
      const failures = count === 0 ? claim.failures : 0;
      if (!(await this.#attempt(webhook, { ...claim, failures }, delivery))) return false;
    }
    await queues.release(claim, clock.now());
    return true;
  }

  /** False when the queue is no longer in these hands. */
  async #attempt(webhook: StoredWebhook, claim: Claim, delivery: Delivery): Promise<boolean> {
    const { queues, sender, masterKey, clock, onEnd } = this.#options;
    const secret = masterKey.open(webhook.secret, webhook.id);
    const message = messageOf(webhook.url, secret, delivery.event, clock.now());
    const { signal } = this.#stopping;
    const attempt = await sender.send(message, signal).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    // Broken off: whether it arrived is not known.
    if (attempt === undefined) return true;
    const now = clock.now();
    if (attempt.delivered) {
      this.#failing.delete(webhook.id);
      onEnd("delivered", 1);
      return queues.keepDelivered(claim, delivery, attempt.outcome, now, leaseFrom(now));
    }
    this.#failing.add(webhook.id);
    onEnd("failed", 1);
    const deadBefore = new Date(now.getTime() - TRIED_FOR);
    const dueAt = new Date(now.getTime() + pauseAfter(claim.failures + 1));
    onEnd("dead", await queues.keepFailed(claim, delivery, { ...attempt, deadBefore, dueAt }, now));
    return false;
  }
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LEASE);
}
