import type { ManifestStore } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import { manifestRemovers } from "./delete.ts";
import { manifestFinders } from "./find.ts";
import { putManifest } from "./put.ts";

export function postgresManifests(database: Database): ManifestStore {
  return {
    ...manifestFinders(database),
    ...manifestRemovers(database),
    put: (put) => putManifest(database, put),
  };
}
