import pg from "pg";
import { RegistryError, unavailable } from "../../registry/errors.ts";

/** SQLSTATE classes that say "not now": connection exceptions, insufficient resources, operator intervention. */
const TRANSIENT_CLASSES = new Set(["08", "53", "57"]);
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
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

/** A failed connection becomes UNAVAILABLE (503); anything else is passed on as it is. */
export function translateFailure(error: unknown): unknown {
  if (error instanceof RegistryError) return error;
  return isConnectionFailure(error) ? unavailable("the database", error) : error;
}

export function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string") {
    return (
      NETWORK_CODES.has(code) ||
      (error instanceof pg.DatabaseError && TRANSIENT_CLASSES.has(code.slice(0, 2)))
    );
  }
  // pg reports these by text alone.
  return /connection (?:terminated|ended|error)|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client was closed|not queryable/i.test(
    error.message,
  );
}
