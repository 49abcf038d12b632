import pg from "pg";
import { RegistryError, unavailable } from "../../registry/errors.ts";

interface NotNow {
  /** A class of SQLSTATEs (two characters), or one of them (PostgreSQL's appendix A). */
  readonly state: string;
  /** The connection is of no more use: it is gone, or it leads where nothing can be changed. */
  readonly lost: boolean;
}

/** What a healthy database would not say to the same statement: whoever asked may ask again. All else is a defect of ours. */
const NOT_NOW: readonly NotNow[] = [
  { state: "08", lost: true }, // connection exception
  { state: "25006", lost: true }, // read-only: a primary that became a standby, or has no more transaction ids
  { state: "25P03", lost: true }, // idle in a transaction for too long
  { state: "25P04", lost: true }, // a transaction that took too long
  { state: "28", lost: true }, // invalid authorization: a password that was changed
  { state: "3D000", lost: true }, // no such database
  { state: "40", lost: false }, // serialization failure, deadlock, statement completion unknown
  { state: "53", lost: true }, // insufficient resources: disk, memory, connections
  { state: "55P03", lost: false }, // lock not available in time
  { state: "57", lost: true }, // operator intervention: shutdown, crash, recovery, timeout
  { state: "58", lost: true }, // system error: input and output
];

function notNow(error: unknown): NotNow | undefined {
  const state = sqlState(error) ?? "";
  return NOT_NOW.find((each) => state.startsWith(each.state));
}

const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Foreign key violation; from PostgreSQL 18 on one that ON DELETE RESTRICT refused has a state of its own. */
const FOREIGN_KEY = new Set(["23503", "23001"]);
const UNIQUE = new Set(["23505"]);

/** The foreign key that a statement broke: what it names is gone, or what it deletes is named. */
export function brokenForeignKey(error: unknown): string | undefined {
  return brokenConstraint(error, FOREIGN_KEY);
}

/** The unique constraint that a statement broke. */
export function brokenUnique(error: unknown): string | undefined {
  return brokenConstraint(error, UNIQUE);
}

function brokenConstraint(error: unknown, states: ReadonlySet<string>): string | undefined {
  return error instanceof pg.DatabaseError && states.has(error.code ?? "")
    ? (error.constraint ?? "")
    : undefined;
}

/**
 * A record of the audit log that was on its way to one partition while its day got another: the next try finds that.
 */
export function missedPartition(error: unknown): boolean {
  return sqlState(error) === "23514" && (error as pg.DatabaseError).table?.startsWith("audit_log") === true;
}

/** A push finds its repository gone once it takes its share of it. */
export function repositoryDeleted(name: string | null): RegistryError {
  return new RegistryError("NAME_UNKNOWN", "the repository was deleted while this push was under way", {
    detail: { name: name ?? undefined },
  });
}

/** What the database cannot do at the moment becomes UNAVAILABLE (503); anything else is passed on as it is. */
export function translateFailure(error: unknown): unknown {
  if (error instanceof RegistryError) return error;
  const unavailableNow = isConnectionFailure(error) || notNow(error) !== undefined;
  return unavailableNow ? unavailable("the database", error) : error;
}

/** The connection failed, or is of no more use. */
export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") return NETWORK_CODES.has(code) || notNow(error)?.lost === true;
  // pg reports these by text alone.
  return /connection (?:terminated|ended|error)|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client was closed|not queryable/i.test(
    error.message,
  );
}
