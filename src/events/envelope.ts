import { createHash } from "node:crypto";
import type { RegistryAddress } from "../registry/scope.ts";
import { apiCallDetail } from "./api-call.ts";
import type { Change } from "./change.ts";
import { type EventBody, secondsOf } from "./event-body.ts";
import { imageDetails } from "./image-action.ts";

/** An event in the shape of Amazon EventBridge ("Amazon ECR events and EventBridge", ECR user guide). */
export interface EventEnvelope {
  readonly version: "0";
  /** UUID; the same however often the event is told. */
  readonly id: string;
  readonly "detail-type": string;
  readonly source: "aws.ecr";
  /** 12 digits: the registry's account. */
  readonly account: string;
  /** ISO 8601, UTC, to the second. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One event, and the repository in whose order it stands; undefined for the registry itself. */
export interface ChangeEvent {
  readonly envelope: EventEnvelope;
  readonly repository: string | undefined;
}

/**
 * The events of one change: one for each tag of an image that moved or went, else one. The same change always gives the
 * same events in the same order; those from `first` on, at most `limit`, are made.
 */
export function eventsOf(
  registry: RegistryAddress,
  change: Change,
  first = 0,
  limit = Number.POSITIVE_INFINITY,
): readonly ChangeEvent[] {
  const bodies: readonly EventBody[] = change.kind.startsWith("image.")
    ? imageDetails(change)
    : [apiCallDetail(registry, change, (name) => uuidOf(registry, change, name))];
  const { account, region } = registry;
  return bodies.slice(first, first + limit).map(({ detailType, detail }, index) => ({
    repository: change.detail.repository ?? undefined,
    envelope: {
      ...{ version: "0", id: uuidOf(registry, change, String(first + index)), "detail-type": detailType },
      ...{ source: "aws.ecr", account, time: secondsOf(change.at), region, resources: [], detail },
    },
  }));
}

/** A UUID (RFC 9562, version 8) that any node makes of the same change alike. */
function uuidOf({ account, region }: RegistryAddress, { id, at }: Change, name: string): string {
  return uuidFrom([account, region, String(id), String(at.getTime()), name].join("/"));
}

/** A UUID (RFC 9562, version 8) of a text. */
export function uuidFrom(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
