import { LRUCache } from "lru-cache";
import type { RepositoryName } from "../names.ts";
import type { Scope } from "../scope.ts";

/** Repositories whose counts are remembered. */
const REPOSITORIES_MAX = 10_000;
/** Processes that together stay within a quota: each takes this share of the room that it has seen. */
const SHARES = 16;
/** Milliseconds for which a count is believed. */
const BELIEVED_FOR = 60_000;

/**
 * When a push has to count the images of its repository, so that most pushes need not: after a count, a process adds a
 * sixteenth of the room that it saw before it counts anew. A full repository is counted each time.
 */
export class ImageCounts {
  readonly #max: number;
  readonly #room = new LRUCache<string, { left: number; readonly until: number }>({ max: REPOSITORIES_MAX });

  /** `max`: images of a repository, more than 0. */
  constructor(max: number) {
    this.#max = max;
  }

  isDue(scope: Scope, name: RepositoryName, at: Date): boolean {
    const room = this.#room.get(keyOf(scope, name));
    return room === undefined || room.left <= 0 || at.getTime() >= room.until;
  }

  /** The repository was seen to have so many. */
  counted(scope: Scope, name: RepositoryName, images: number, at: Date): void {
    const left = Math.floor((this.#max - images) / SHARES);
    this.#room.set(keyOf(scope, name), { left, until: at.getTime() + BELIEVED_FOR });
  }

  /** One more was put into it. */
  added(scope: Scope, name: RepositoryName): void {
    const room = this.#room.get(keyOf(scope, name));
    if (room !== undefined) room.left--;
  }
}

function keyOf({ id }: Scope, name: RepositoryName): string {
  return `${id}/${name}`;
}
