import type {
  AuditDays,
  AuditFilter,
  AuditReader,
  AuditWriter,
  KeptRecord,
} from "../../../audit/audit-log.ts";
import type { DenialStore, KeptDenial } from "../../../iam/explain/denials.ts";
import type { ClaimMismatch } from "../../../iam/sessions/refused-identity.ts";
import type { Database } from "../database.ts";
import { recordingAll, recordJson } from "./record.ts";

const APPEND = { name: "audit_append", text: recordingAll("$1") };
const COLUMNS = `id, at, request_id AS "requestId", account_id AS account, principal, access_key_id AS "accessKeyId", action,
      resource, source_ip AS "sourceIp", user_agent AS "userAgent", decision, reason, detail`;
const LATEST = {
  name: "audit_latest",
  text: `SELECT ${COLUMNS} FROM audit_log
    WHERE at >= coalesce($1, '-infinity'::timestamptz) AND at < coalesce($2, 'infinity'::timestamptz)
      AND ($3::text IS NULL OR account_id = $3) AND ($4::text IS NULL OR principal LIKE $4)
      AND ($5::text IS NULL OR action LIKE $5) AND ($6::text IS NULL OR resource LIKE $6)
      AND ($7::text IS NULL OR source_ip = $7) AND ($8::text IS NULL OR request_id = $8)
      AND ($9::text IS NULL OR decision = $9)
    ORDER BY at DESC, id DESC LIMIT $10`,
};
const FIND_DENIAL = {
  name: "audit_find_denial",
  text: `SELECT ${COLUMNS} FROM audit_log WHERE request_id = $1 AND decision = 'denied' ORDER BY at DESC, id DESC LIMIT 1`,
};
const OPEN = {
  name: "audit_open_day",
  text: "SELECT open_audit_day(($1::timestamptz AT TIME ZONE 'UTC')::date)",
};
const DROP = {
  name: "audit_drop_days",
  text: "SELECT drop_audit_days(($1::timestamptz AT TIME ZONE 'UTC')::date) AS dropped",
};

type Row = Omit<KeptRecord, "accessKeyId" | "reason"> & {
  readonly accessKeyId: string | null;
  readonly reason: string | null;
};

/** The audit log in Postgres. */
export function postgresAuditLog(database: Database): AuditWriter & AuditReader & AuditDays & DenialStore {
  return {
    async append(records) {
      await database.run(APPEND, [`[${records.map(recordJson).join()}]`]);
    },
    async latest(filter, limit) {
      const rows = await database.run<Row>(LATEST, [...filterValues(filter), limit]);
      return rows.map(toRecord).reverse();
    },
    async findDenial(id) {
      const [row] = await database.run<Row>(FIND_DENIAL, [id]);
      return row && toDenial(toRecord(row));
    },
    async open(at) {
      await database.run(OPEN, [at]);
    },
    async drop(before) {
      return (await database.run<{ dropped: number }>(DROP, [before]))[0]?.dropped ?? 0;
    },
  };
}

function filterValues(filter: AuditFilter): readonly unknown[] {
  return [
    ...[filter.since, filter.until, filter.account],
    ...[filter.principal, filter.action, filter.resource].map((pattern) => pattern && likePattern(pattern)),
    ...[filter.sourceIp, filter.requestId, filter.decision],
  ];
}

/** `*` is any run of characters, everything else itself. */
function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

function toRecord({ accessKeyId, reason, ...facts }: Row): KeptRecord {
  return { ...facts, accessKeyId: accessKeyId ?? undefined, reason: reason ?? undefined };
}

function toDenial({ detail, requestId, accessKeyId, ...facts }: KeptRecord): KeptDenial {
  const { account, at, principal, action, resource, sourceIp, userAgent, reason = "" } = facts;
  const context = detail["context"] as Pick<KeptDenial, "secureTransport" | "region" | "conditions">;
  return {
    ...{ id: requestId, at, account, principal, accessKeyId: accessKeyId ?? "", action, resource },
    ...{ sourceIp, userAgent, reason, ...context },
    ...(detail["mismatch"] === undefined ? {} : { mismatch: detail["mismatch"] as ClaimMismatch }),
  };
}
