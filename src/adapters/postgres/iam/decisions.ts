import type { DenialStore, KeptDenial } from "../../../iam/explain/denials.ts";
import type { Database } from "../database.ts";

const INSERT = {
  name: "decisions_insert",
  text: `INSERT INTO decisions (id, at, account_id, principal, access_key_id, action, resource, source_ip, user_agent,
      context, reason)
    SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::text[], $9::text[], $10::jsonb[], $11::text[])
    ON CONFLICT DO NOTHING`,
};
const FORGET = {
  name: "decisions_forget",
  text: `DELETE FROM decisions WHERE id IN (
      SELECT id FROM decisions WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
};
const FIND = {
  name: "decisions_find",
  text: `SELECT id, at, account_id AS account, principal, access_key_id AS "accessKeyId", action, resource,
      source_ip AS "sourceIp", user_agent AS "userAgent", context, reason
    FROM decisions WHERE id = $1`,
};

/** Old rows deleted with each batch: more than a batch brings, so that they get fewer. */
const FORGET_MAX = 5_000;

type Row = Omit<KeptDenial, "secureTransport" | "conditions"> & {
  readonly context: Pick<KeptDenial, "secureTransport" | "conditions">;
};

/** Denials in Postgres. */
export function postgresDecisions(database: Database): DenialStore {
  return {
    async keep(denials, forgetBefore) {
      const column = <T>(pick: (denial: KeptDenial) => T): T[] => denials.map(pick);
      await database.run(INSERT, [
        ...[column(({ id }) => id), column(({ at }) => at), column(({ account }) => account)],
        ...[column(({ principal }) => principal), column(({ accessKeyId }) => accessKeyId)],
        ...[column(({ action }) => action), column(({ resource }) => resource)],
        ...[column(({ sourceIp }) => sourceIp), column(({ userAgent }) => userAgent)],
        column(({ secureTransport, conditions }) => JSON.stringify({ secureTransport, conditions })),
        column(({ reason }) => reason),
      ]);
      await database.run(FORGET, [forgetBefore, FORGET_MAX]);
    },
    async find(id) {
      const [row] = await database.run<Row>(FIND, [id]);
      if (row === undefined) return undefined;
      const { context, ...facts } = row;
      return { ...facts, ...context };
    },
  };
}
