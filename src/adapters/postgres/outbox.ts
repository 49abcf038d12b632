import type { Outbox } from "../../registry/ports/index.ts";
import type { Database } from "./database.ts";

// Ids grow with time, so the oldest are found without an index of their age.
const TRIM = {
  name: "outbox_trim",
  text: `DELETE FROM outbox WHERE id IN (
      SELECT id FROM (SELECT id, created_at FROM outbox ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) AS oldest
      WHERE created_at < $1) RETURNING 1`,
};

const RENUMBER = { name: "outbox_renumber", text: "SELECT renumber_outbox()" };

/** Events in Postgres. */
export function postgresOutbox(database: Database): Outbox {
  return {
    async trim(before, limit) {
      return (await database.run(TRIM, [before, limit])).length;
    },
    async renumber() {
      await database.run(RENUMBER, []);
    },
  };
}
