import type { Database } from "../../../src/adapters/postgres/database.ts";
import { postgresGarbage } from "../../../src/adapters/postgres/garbage.ts";
import { postgresRegistries } from "../../../src/adapters/postgres/registries.ts";
import { postgresRepositories } from "../../../src/adapters/postgres/repositories.ts";
import { postgresUploads } from "../../../src/adapters/postgres/uploads.ts";
import { DELETION_GRACE } from "../../../src/composition/ports.ts";
import { collectGarbage } from "../../../src/gc/collect.ts";
import type { BlobStorage } from "../../../src/registry/ports/index.ts";
import { Scopes } from "../../../src/registry/scopes.ts";
import { CAUSE } from "../cause.ts";
import { HOUR, ManualClock } from "../clock.ts";
import { queueDepths } from "../queue-depths.ts";
import { rowsOf } from "../rows.ts";

const DAY = 24 * HOUR;
const ROUNDS_MAX = 40;

/**
 * Lets days pass until nothing waits for collection any more: sessions expire, what was queued is deleted. Blobs that
 * no manifest names stay for `blobGrace`, by default for longer than this lasts.
 */
export async function collectEverything(
  database: Database,
  storage: BlobStorage,
  blobGrace = 1000 * DAY,
): Promise<void> {
  const clock = new ManualClock(new Date().toISOString());
  const garbage = postgresGarbage(database, storage.name);
  const ports = { garbage, uploads: postgresUploads(database, storage, DELETION_GRACE), storage, clock };
  const graces = { uploadExpiry: DAY, blobGrace, deletionGrace: DELETION_GRACE };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    clock.advance(2 * DAY);
    await collectGarbage(ports, graces);
    const { links, manifests: _, ...depths } = await queueDepths({ database });
    const deleted = await rowsOf({ database }, "SELECT 1 FROM repositories WHERE deleted_at IS NOT NULL");
    const waiting = [...Object.values(depths), deleted.length, blobGrace < 100 * DAY ? links : 0];
    if (waiting.every((depth) => depth === 0)) return;
  }
  throw new Error(`collection does not end: ${JSON.stringify(await queueDepths({ database }))}`);
}

/** Deletes every repository and lets days pass. Nothing should be left of them anywhere. */
export async function collectAfterDeletion(database: Database, storage: BlobStorage): Promise<void> {
  const repositories = postgresRepositories(database);
  const scope = await new Scopes(postgresRegistries(database), ["*"]).open({
    account: "000000000000",
    region: "us-east-1",
  });
  for (const name of await repositories.listNames(scope, "", 1000)) {
    await repositories.delete(scope, name, { force: true, cause: CAUSE, at: new Date() });
  }
  await collectEverything(database, storage, DAY);
}
