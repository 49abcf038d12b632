import { inTime, type Schedule } from "../kernel/batch-writer.ts";
import type { Clock } from "../registry/clock.ts";
import type { AuditRecord } from "./audit-log.ts";

/** Different records that are looked after at a time. */
const SPANS_MAX = 20_000;
/** Milliseconds between two looks for what is over. */
const LOOK_EVERY = 15_000;

/** Which records are alike, and how they are kept. */
export interface Alike {
  /** Like `login`. */
  readonly kind: string;
  /** Whose they are: what one group has too many of is no other's loss. */
  readonly group: string;
  /** The same for all of a group that are alike. */
  readonly key: string;
  /** Different ones of a group that have a row of their own in a period. */
  readonly groupMax: number;
  /** Milliseconds for which one record stands for all. */
  readonly period: number;
  /** Whether at its end one more tells how many they were. */
  readonly isCounted: boolean;
}

interface Span {
  readonly alike: Alike;
  readonly since: Date;
  /** Undefined for what stands for records that are not alike. */
  readonly group: string | undefined;
  last: AuditRecord;
  repeated: number;
}

/**
 * Keeps what happens very often without a row for each: the first record at once, and at the end of its period, where
 * there were others, the last of them with their number (`detail.repeated`) and the time of the first (`detail.since`).
 * Bounded in memory and in rows: what is too different for that is counted by its action (`detail.others`).
 */
export class RepeatedRecords {
  readonly #keep: (record: AuditRecord) => boolean;
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #spans = new Map<string, Span>();
  /** Spans of each group. */
  readonly #groups = new Map<string, number>();
  #cancel: (() => void) | undefined;

  /** `keep` tells whether it could. */
  constructor(keep: (record: AuditRecord) => boolean, clock: Clock, schedule: Schedule = inTime) {
    this.#keep = keep;
    this.#clock = clock;
    this.#schedule = schedule;
  }

  /** Whether it is kept as it is, and not counted alone. */
  note(record: AuditRecord, alike: Alike): boolean {
    const { name, groupName } = namesOf(alike);
    if (this.#hasRoom(alike) || this.#spans.has(name)) return this.#note(name, record, alike, groupName);
    const { kind } = alike;
    const where = this.#groups.has(groupName) ? groupName : kind;
    const others = `${where}\nothers\n${record.action}\n${record.decision}`;
    return this.#note(others, { ...record, detail: { ...record.detail, others: true } }, alike, undefined);
  }

  /** One that is kept by somebody else: those that are alike from now on are counted. */
  noteKept(record: AuditRecord, alike: Alike): void {
    const { name, groupName } = namesOf(alike);
    if (!this.#spans.has(name) && this.#hasRoom(alike)) this.#begin(name, record, alike, groupName);
  }

  /** Tells of everything that was counted so far. */
  finish(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const name of this.#spans.keys()) this.#end(name);
  }

  #note(name: string, record: AuditRecord, alike: Alike, group: string | undefined): boolean {
    const known = this.#spans.get(name);
    if (known !== undefined && !this.#isOver(known)) {
      known.repeated++;
      known.last = record;
      return false;
    }
    this.#end(name);
    this.#begin(name, record, alike, group);
    return this.#keep(record);
  }

  #begin(name: string, record: AuditRecord, alike: Alike, group: string | undefined): void {
    this.#spans.set(name, { alike, since: record.at, group, last: record, repeated: 0 });
    if (group !== undefined) this.#groups.set(group, (this.#groups.get(group) ?? 0) + 1);
    this.#lookLater();
  }

  #hasRoom(alike: Alike): boolean {
    const { groupName } = namesOf(alike);
    return this.#spans.size < SPANS_MAX && (this.#groups.get(groupName) ?? 0) < alike.groupMax;
  }

  #end(name: string): void {
    const span = this.#spans.get(name);
    if (span === undefined) return;
    const { alike, group, since, last, repeated } = span;
    this.#spans.delete(name);
    if (group !== undefined) this.#leave(group);
    if (!alike.isCounted || repeated === 0) return;
    this.#keep({ ...last, detail: { ...last.detail, repeated, since: since.toISOString() } });
  }

  #leave(group: string): void {
    const left = (this.#groups.get(group) ?? 0) - 1;
    if (left > 0) this.#groups.set(group, left);
    else this.#groups.delete(group);
  }

  #isOver({ alike, since }: Span): boolean {
    return this.#clock.now().getTime() - since.getTime() >= alike.period;
  }

  #lookLater(): void {
    this.#cancel ??= this.#schedule(LOOK_EVERY, () => {
      this.#cancel = undefined;
      for (const [name, span] of this.#spans) if (this.#isOver(span)) this.#end(name);
      if (this.#spans.size > 0) this.#lookLater();
    });
  }
}

function namesOf({ kind, group, key }: Alike): { readonly name: string; readonly groupName: string } {
  const groupName = `${kind}\n${group}`;
  return { name: `${groupName}\n${key}`, groupName };
}
