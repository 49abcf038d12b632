import type { Origin } from "./cause.ts";

/** One record: a change that was made, a pull, or a denial. */
export interface AuditRecord extends Origin {
  readonly at: Date;
  readonly action: string;
  readonly resource: string;
  readonly decision: Recorded;
  /** What a refused caller was told. */
  readonly reason: string | undefined;
  /** What else is known, as JSON. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Whether it was done or refused. */
export type Recorded = "allowed" | "denied";

/** A record as it is kept. Ids grow, but not in the order in which transactions end. */
export interface KeptRecord extends AuditRecord {
  readonly id: number;
}

/** Which records are wanted: those that fulfil everything that is given. In patterns `*` is any run of characters. */
export interface AuditFilter {
  /** From this time on. */
  readonly since: Date | undefined;
  /** Before this time. */
  readonly until: Date | undefined;
  readonly account: string | undefined;
  readonly principal: string | undefined;
  readonly action: string | undefined;
  readonly resource: string | undefined;
  readonly sourceIp: string | undefined;
  readonly requestId: string | undefined;
  readonly decision: Recorded | undefined;
}

/** Records of what was not a change: those are written by the transaction that makes it. */
export interface AuditWriter {
  /** All of them or none; a batch whose end is not known may be given again, and then stands there twice. */
  append(records: readonly AuditRecord[]): Promise<void>;
}

export interface AuditReader {
  /** The newest that the filter lets through, at most `limit`, the oldest of them first. */
  latest(filter: AuditFilter, limit: number): Promise<readonly KeptRecord[]>;
}

/** The days of the log (UTC). Safe on several nodes at once. */
export interface AuditDays {
  /** Makes room for the day of `at`. */
  open(at: Date): Promise<void>;
  /** Forgets every day that ended before `before`; returns how many went. */
  drop(before: Date): Promise<number>;
}
