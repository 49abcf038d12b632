import type { AuditRecord } from "../../../audit/audit-log.ts";
import { type Cause, USER_AGENT_MAX } from "../../../audit/cause.ts";
import type { RepositoryName } from "../../../registry/names.ts";
import type { RegistryId } from "../../../registry/scope.ts";
import type { Transaction } from "../transaction.ts";

const COLUMNS = `at, request_id, account_id, principal, access_key_id, action, resource, source_ip, user_agent, decision,
      reason, detail`;
const TYPED_COLUMNS = `at timestamptz, request_id text, account_id text, principal text, access_key_id text, action text,
      resource text, source_ip text, user_agent text, decision text, reason text, detail jsonb`;

/** SQL: writes the records in a JSON parameter. */
export function recordingAll(parameter: string): string {
  return `INSERT INTO audit_log (${COLUMNS})
    SELECT * FROM jsonb_to_recordset(${parameter}::jsonb) AS record (${TYPED_COLUMNS})`;
}

const RECORD = {
  name: "change_record",
  text: "SELECT record_change($1::jsonb, '{}', $2, $3, $4)",
};

/** What those who are told of a registry call a change (`outbox.kind` in the migrations). */
export type EventKind =
  | "image.put"
  | "image.delete"
  | "image.untag"
  | "repository.create"
  | "repository.change"
  | "repository.delete"
  | "registry.change";

/** A change that others are told of. Settings, policies and tags of a repository are changes of it. */
export interface ChangeEvent {
  readonly kind: EventKind;
  readonly registryId: RegistryId;
  /** Undefined for a change of the registry itself. */
  readonly repository: RepositoryName | undefined;
}

/** The event of a change of the registry itself: its policy, templates and settings. */
export function registryChange(registryId: RegistryId): ChangeEvent {
  return { kind: "registry.change", registryId, repository: undefined };
}

/**
 * Writes what changes and why into the transaction that changes it: a record of the audit log, and the event where it is
 * one. Called once for each change, and never where nothing has changed.
 */
export async function recordChange(
  tx: Transaction,
  cause: Cause,
  at: Date,
  detail: Readonly<Record<string, unknown>> = {},
  event?: ChangeEvent,
): Promise<void> {
  const told = [event?.kind ?? null, event?.registryId ?? null, event?.repository ?? null];
  await tx.query(RECORD, [changeRecord(cause, at, detail), ...told]);
}

/** The JSON parameter of a change, as `record_change` in the migrations reads it. */
export function changeRecord(cause: Cause, at: Date, detail: Readonly<Record<string, unknown>> = {}): string {
  const { parameters, unknownActions, lifecycle, ...facts } = cause;
  const known = {
    ...(parameters === undefined ? {} : { parameters }),
    ...(unknownActions === undefined ? {} : { unknownActions }),
    ...(lifecycle === undefined ? {} : { lifecycle }),
    ...detail,
  };
  const userAgent = cause.userAgent.slice(0, USER_AGENT_MAX);
  return recordJson({ ...facts, userAgent, at, decision: "allowed", reason: undefined, detail: known });
}

export function recordJson(record: AuditRecord): string {
  const { at, requestId, account, principal, accessKeyId, action, resource } = record;
  const { sourceIp, userAgent, decision, reason, detail } = record;
  const columns = {
    ...{ at, request_id: requestId, account_id: account, principal, access_key_id: accessKeyId },
    ...{ action, resource, source_ip: sourceIp, user_agent: userAgent, decision, reason, detail },
  };
  return JSON.stringify(columns, (_, value) => storable(value));
}

/** Postgres text holds neither a NUL nor half a character; names of members may be a caller's, too. */
function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storableText(name), member]));
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}
