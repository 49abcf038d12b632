import { ImageCounts } from "../../../registry/images/image-counts.ts";
import type { ManifestStore } from "../../../registry/ports/index.ts";
import type { Database } from "../database.ts";
import { manifestRemovers } from "./delete.ts";
import { manifestFinders } from "./find.ts";
import { type ManifestQuotas, putManifest } from "./put.ts";

/** No quota at all. */
const UNLIMITED: ManifestQuotas = { imagesPerRepository: 0, tagsPerImage: 0 };

/** Manifests in Postgres. A push beyond a quota is refused. */
export function postgresManifests(database: Database, limits: ManifestQuotas = UNLIMITED): ManifestStore {
  const { imagesPerRepository: max } = limits;
  const quotas = { ...limits, counts: max === 0 ? undefined : new ImageCounts(max) };
  return {
    ...manifestFinders(database),
    ...manifestRemovers(database),
    put: (put) => putManifest(database, quotas, put),
  };
}
