import type { Position } from "../../events/position.ts";
import { EVENTS_KEPT } from "../../events/retention.ts";
import type { RegistryAddress } from "../../registry/scope.ts";
import type { PageTokens } from "../aws/page-tokens.ts";
import { Refusal } from "../refusal.ts";

/** Where a reader goes on, and how old what it has read is. */
export interface Cursor {
  readonly position: Position;
  readonly at: Date;
}

/** Cursors of a registry's events: opaque, of use in that registry alone, the same on every node. */
export class EventCursors {
  readonly #tokens: PageTokens;

  constructor(tokens: PageTokens) {
    this.#tokens = tokens;
  }

  seal(registry: RegistryAddress, { position: { xid, id, skip }, at }: Cursor): string {
    return this.#tokens.seal(bindingOf(registry), [xid, String(id), String(skip), String(at.getTime())]);
  }

  /** @throws Refusal UNSUPPORTED: 400 for what is no cursor of this registry, 410 for one that is too old */
  open(registry: RegistryAddress, text: string, now: Date): Position {
    const sealed = this.#tokens.open(bindingOf(registry), text);
    const [xid, id, skip, at] = sealed ?? [];
    if (xid === undefined) {
      const said = "after must be what an answer about this registry's events had as next";
      throw new Refusal("UNSUPPORTED", said, { status: 400 });
    }
    if (Number(at) < now.getTime() - EVENTS_KEPT) throw cursorTooOld("events are kept for 24 hours");
    return { xid, id: Number(id), skip: Number(skip) };
  }
}

export function cursorTooOld(why: string): Refusal {
  const said = `the cursor is too old: ${why}; begin anew, without after`;
  return new Refusal("UNSUPPORTED", said, { status: 410 });
}

function bindingOf({ account, region }: RegistryAddress) {
  return { operation: "berth.ListEvents", account, region, filters: [] };
}
