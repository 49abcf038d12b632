import { LRUCache } from "lru-cache";
import type { Principal } from "../../iam/principal.ts";
import { type BatchEvents, BatchWriter } from "../../kernel/batch-writer.ts";
import { type Pull, type PullNotes, type PullStore, RECORDED_FOR } from "../ports/index.ts";

/** Pulls that are remembered as recorded; those beyond are recorded once more. */
const NOTED_MAX = 50_000;
const WAITING_MAX = 50_000;
const BATCH_MAX = 1_000;
const WRITE_AFTER = 5_000;

/**
 * When images are pulled: gathered in memory and written in batches, each image at most once an hour for each principal,
 * so that a pull costs one look into a map.
 */
export class PullTimes implements PullNotes {
  readonly writer: BatchWriter<Pull>;
  readonly #noted = new LRUCache<string, number>({ max: NOTED_MAX });

  constructor(store: Pick<PullStore, "record">, events: BatchEvents) {
    this.writer = new BatchWriter({
      ...{ waitingMax: WAITING_MAX, batchMax: BATCH_MAX, writeAfter: WRITE_AFTER, retryAfter: WRITE_AFTER },
      ...events,
      write: (pulls) => store.record(pulls),
      keyOf,
    });
  }

  note(pull: Pull): void {
    const key = keyOf(pull);
    const at = pull.at.getTime();
    const noted = this.#noted.get(key);
    if (noted !== undefined && at < noted + RECORDED_FOR) return;
    if (this.writer.add(pull)) this.#noted.set(key, at);
  }
}

function keyOf({ repositoryId, digest, byTag, principal }: Pull): string {
  return `${repositoryId} ${digest} ${byTag} ${principal}`;
}

/** What exclusions call a principal: by any of its sessions a role pulls. */
export function pullerOf(principal: Principal): string {
  switch (principal.kind) {
    case "anonymous":
      return "anonymous";
    case "session":
      return principal.role;
    default:
      return principal.arn;
  }
}
