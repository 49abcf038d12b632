import type { Cause } from "../../audit/cause.ts";
import type { SealedSecret } from "../../iam/master-key.ts";
import type { RegistryId, Scope } from "../../registry/scope.ts";
import type { EventEnvelope } from "../envelope.ts";
import type { WebhookDraft } from "./draft.ts";
import type { Message } from "./message.ts";
import type { StoredWebhook, Webhook } from "./webhook.ts";

/** Webhooks of registries. What changes one writes why into the audit log, in the same transaction. */
export interface WebhookStore {
  /** `"too many"` when the registry has {@link WEBHOOKS_MAX}. It is told of what happens from now on. */
  create(
    scope: Scope,
    made: { readonly id: string; readonly draft: WebhookDraft; readonly secret: SealedSecret },
    cause: Cause,
    at: Date,
  ): Promise<Webhook | "too many">;
  /** The oldest first. */
  list(registry: RegistryId): Promise<readonly Webhook[]>;
  find(registry: RegistryId, id: string): Promise<StoredWebhook | undefined>;
  /** With everything that waits for it. False when there is none. */
  delete(registry: RegistryId, id: string, cause: Cause, at: Date): Promise<boolean>;
}

/** What became of a delivery; `dead`: it was tried for too long, and waits to be replayed. */
export type DeliveryState = "waiting" | "delivered" | "dead";
/** Every {@link DeliveryState}. */
export const DELIVERY_STATES: readonly DeliveryState[] = ["waiting", "delivered", "dead"];

/** An event that a webhook is told of. */
export interface Delivery {
  readonly id: number;
  readonly event: EventEnvelope;
  readonly queuedAt: Date;
  readonly attempts: number;
}

/** The same, as people look at it. */
export interface ShownDelivery extends Delivery {
  readonly state: DeliveryState;
  readonly attemptedAt: Date | undefined;
  /** How the last attempt ended: `204`, or what went wrong. */
  readonly outcome: string | undefined;
}

/** What was, is and will be delivered to a webhook. */
export interface DeliveryStore {
  /** The newest first, of ids below `before`. */
  list(
    webhook: string,
    asked: { readonly state: DeliveryState | undefined; readonly before: number; readonly limit: number },
  ): Promise<readonly ShownDelivery[]>;
  /**
   * Lets what is dead wait again, as if it were new: those of the ids, or the oldest of all. Returns how many, at most
   * `limit`.
   */
  replay(
    webhook: string,
    wanted: { readonly ids: readonly number[] | undefined; readonly limit: number },
    cause: Cause,
    at: Date,
  ): Promise<number>;
  /** Forgets at most `limit` of what was delivered before one time, or is dead since another; returns how many. */
  trim(deliveredBefore: Date, deadBefore: Date, limit: number): Promise<number>;
  /** For metrics. */
  figures(): Promise<{ readonly waiting: number; readonly dead: number; readonly oldest: Date | undefined }>;
}

/** A repository's queue for one webhook, in the hands of one worker. */
export interface Claim {
  readonly webhook: string;
  /** Empty for the registry itself. */
  readonly repository: string;
  /** Fences it: whoever claims later has another. */
  readonly number: number;
  /** Attempts that failed since the last that did not. */
  readonly failures: number;
}

/** How an attempt ended. */
export type Attempt =
  | { readonly delivered: true; readonly outcome: string }
  | { readonly delivered: false; readonly outcome: string };

/** The queues of deliveries, which all nodes work off together. */
export interface DeliveryQueues {
  /** Webhooks of whose registries something happened that they have not gone through, and that have room for it. */
  behind(waitingMax: number, limit: number): Promise<readonly string[]>;
  /**
   * Goes through the next events for one webhook, and queues what it wants; in one transaction. Nothing when somebody
   * else does so at this moment.
   */
  queue(webhook: string, limit: number, at: Date): Promise<"more" | "done">;
  /** Webhooks with a queue that is due and that nobody has. */
  due(at: Date): Promise<readonly string[]>;
  /** Takes due queues of a webhook, those that wait longest first, until `leasedUntil`. */
  claim(webhook: string, limit: number, at: Date, leasedUntil: Date): Promise<readonly Claim[]>;
  /** The webhook itself; undefined when it was deleted. */
  webhook(id: string): Promise<StoredWebhook | undefined>;
  /** The next delivery of a queue; undefined when there is none, or the claim is no longer good. */
  next(claim: Claim): Promise<Delivery | undefined>;
  /** Keeps how an attempt ended, and the claim until `leasedUntil`. False when the claim is no longer good. */
  keepDelivered(
    claim: Claim,
    delivery: Delivery,
    outcome: string,
    at: Date,
    leasedUntil: Date,
  ): Promise<boolean>;
  /**
   * The same of a failure, after which the queue rests until `dueAt`, and nobody has it. What was queued before
   * `deadBefore` waits no longer. How many that were.
   */
  keepFailed(
    claim: Claim,
    delivery: Delivery,
    failure: { readonly outcome: string; readonly deadBefore: Date; readonly dueAt: Date },
    at: Date,
  ): Promise<number>;
  /** Gives a queue back: it goes when nothing waits in it. */
  release(claim: Claim, at: Date): Promise<void>;
}

/** Sends messages; bounded in time and in what it takes of an answer. */
export interface WebhookSender {
  /** Never rejects but for `signal`. */
  send(message: Message, signal: AbortSignal): Promise<Attempt>;
}
