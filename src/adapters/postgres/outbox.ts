import type { Outbox } from "../../registry/ports/index.ts";
import type { Database } from "./database.ts";

// Ids grow with time, so the oldest are found without an index of their age.
const TRIM = {
  name: "outbox_trim",
  text: `DELETE FROM outbox WHERE id IN (
      SELECT id FROM (SELECT id, created_at FROM outbox o
        WHERE created_at < $2 OR NOT EXISTS (SELECT FROM webhooks w
          WHERE w.registry_id = o.registry_id AND (w.cursor_xid, w.cursor_id) <= (o.xid, o.id))
        ORDER BY id LIMIT $3 FOR UPDATE OF o SKIP LOCKED) AS oldest
      WHERE created_at < $1) RETURNING 1`,
};

const RENUMBER = { name: "outbox_renumber", text: "SELECT renumber_outbox()" };

/** Events in Postgres. */
export function postgresOutbox(database: Database): Outbox {
  return {
    async trim(before, untoldBefore, limit) {
      return (await database.run(TRIM, [before, untoldBefore, limit])).length;
    },
    async renumber() {
      await database.run(RENUMBER, []);
    },
  };
}
