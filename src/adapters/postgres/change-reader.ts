import type { Change } from "../../events/change.ts";
import type { ChangeReader } from "../../events/ports.ts";
import type { Database } from "./database.ts";

// Transactions below the oldest that is under way have all ended: nothing can come before what is read.
const READ = {
  name: "outbox_read",
  text: `WITH now AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon)
    SELECT now.horizon::text AS horizon, o.id, o.xid::text AS xid, o.kind, o.detail, o.created_at AS at
    FROM now LEFT JOIN LATERAL (
      SELECT id, xid, kind, detail, created_at FROM outbox
      WHERE registry_id = $1 AND (xid, id) >= ($2::text::xid8, $3::bigint) AND xid < now.horizon AND created_at >= $5
      ORDER BY xid, id LIMIT $4) AS o ON true
    ORDER BY o.xid, o.id`,
};
const WHO_HAS_MORE = {
  name: "outbox_who_has_more",
  text: `SELECT w.place - 1 AS index
    FROM unnest($1::bigint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS w (registry, xid, id, place)
    WHERE EXISTS (SELECT FROM outbox o WHERE o.registry_id = w.registry AND (o.xid, o.id) >= (w.xid::xid8, w.id)
      AND o.xid < pg_snapshot_xmin(pg_current_snapshot()))`,
};

type Row = { readonly horizon: string } & (Change | { readonly id: null });

/** The outbox in Postgres, as its readers see it. */
export function postgresChangeReader(database: Pick<Database, "run">): ChangeReader {
  return {
    async read(registry, { xid, id }, limit, since) {
      const rows = await database.run<Row>(READ, [registry, xid, id, limit, since]);
      const changes = rows.flatMap((row) => (row.id === null ? [] : [changeOf(row)]));
      return { changes, horizon: rows[0]?.horizon ?? "0" };
    },
    async whoHasMore(waiting) {
      const rows = await database.run<{ index: number }>(WHO_HAS_MORE, [
        waiting.map(({ registry }) => registry),
        waiting.map(({ from }) => from.xid),
        waiting.map(({ from }) => from.id),
      ]);
      return rows.map(({ index }) => index);
    },
  };
}

function changeOf({ id, xid, kind, detail, at }: Change): Change {
  return { id, xid, kind, detail, at };
}
