import { openHashing } from "../adapters/hashing/index.ts";
import { postgresBlobs } from "../adapters/postgres/blobs.ts";
import { ConfirmedLinks } from "../adapters/postgres/confirmed-links.ts";
import { postgresImages } from "../adapters/postgres/images/index.ts";
import { postgresPulls } from "../adapters/postgres/images/pulls.ts";
import { postgresManifests } from "../adapters/postgres/manifests/index.ts";
import { postgresRegistries } from "../adapters/postgres/registries.ts";
import { postgresRepositories } from "../adapters/postgres/repositories.ts";
import { postgresTemplates } from "../adapters/postgres/templates.ts";
import { postgresUploads } from "../adapters/postgres/uploads.ts";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { PullTimes } from "../registry/images/pull-times.ts";
import type { BlobStorage, RegistryPorts } from "../registry/ports/index.ts";
import { KnownUploads } from "../registry/uploads/known-uploads.ts";
import { type Batches, batchEvents } from "./batches.ts";
import type { State } from "./state.ts";

/** Bytes of one blob: what S3 takes in 10,000 parts, and ECR's own bound of a layer (52,000 MiB). */
const BLOB_SIZE_MAX = 52_000 * 1024 * 1024;
/** Milliseconds between the last use of a storage key and its deletion: more than a presigned URL lives. */
export const DELETION_GRACE = 30 * 60_000;

/** The domain's ports on the real adapters. */
export function composePorts(
  config: Config,
  { database, clock, isAlone }: State,
  storage: BlobStorage,
  log: Pick<Log, "warn" | "error">,
): RegistryPorts & { readonly batches: Batches } {
  const confirmed = new ConfirmedLinks(database, config.blobGrace, batchEvents("confirmed-blobs", log));
  const pulls = postgresPulls(database);
  const pullTimes = new PullTimes(pulls, batchEvents("pull-times", log));
  return {
    batches: { "confirmed-blobs": confirmed.writer, "pull-times": pullTimes.writer },
    registries: postgresRegistries(database),
    repositories: postgresRepositories(database, config.repositoriesPerRegistry),
    blobs: postgresBlobs(database, confirmed),
    manifests: postgresManifests(database, config),
    images: postgresImages(database),
    templates: postgresTemplates(database),
    ...{ pulls, pullTimes },
    uploads: postgresUploads(database, storage, DELETION_GRACE),
    storage,
    hashing: openHashing((error) =>
      log.warn("no thread for hashing: large uploads hold up others", { error: error.message }),
    ),
    knownUploads: new KnownUploads({ isAlone, uploadExpiry: config.uploadExpiry }),
    clock,
    limits: {
      blobSizeMax: BLOB_SIZE_MAX,
      uploadsPerPrincipal: config.uploadsPerPrincipal,
      uploadExpiry: config.uploadExpiry,
    },
  };
}
