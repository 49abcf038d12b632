import type { AuditRecord } from "../../../audit/audit-log.ts";
import { type Cause, USER_AGENT_MAX } from "../../../audit/cause.ts";
import type { Transaction } from "../transaction.ts";

const COLUMNS = `at, request_id, account_id, principal, access_key_id, action, resource, source_ip, user_agent, decision,
      reason, detail`;
const TYPED_COLUMNS = `at timestamptz, request_id text, account_id text, principal text, access_key_id text, action text,
      resource text, source_ip text, user_agent text, decision text, reason text, detail jsonb`;

/** SQL: writes the record in a JSON parameter once for each row of `rows`, a table or CTE with a condition. */
export function recordingEach(parameter: string, rows: string): string {
  return `INSERT INTO audit_log (${COLUMNS})
      SELECT record.* FROM jsonb_to_record(${parameter}::jsonb) AS record (${TYPED_COLUMNS}), ${rows}`;
}

/** SQL: writes the records in a JSON parameter. */
export function recordingAll(parameter: string): string {
  return `INSERT INTO audit_log (${COLUMNS})
    SELECT * FROM jsonb_to_recordset(${parameter}::jsonb) AS record (${TYPED_COLUMNS})`;
}

const RECORD = { name: "audit_record", text: recordingAll("$1") };

/** Writes why the state changes into the transaction that changes it. */
export async function recordChange(
  tx: Transaction,
  cause: Cause,
  at: Date,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await tx.query(RECORD, [`[${changeRecord(cause, at, detail)}]`]);
}

/** The JSON parameter of a change. */
export function changeRecord(cause: Cause, at: Date, detail: Readonly<Record<string, unknown>> = {}): string {
  const { parameters, ...facts } = cause;
  const known = parameters === undefined ? detail : { parameters, ...detail };
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
