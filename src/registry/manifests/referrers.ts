import type { Digest } from "../digest.ts";
import { MANIFEST_SIZE_MAX } from "../manifest.ts";
import { OCI_INDEX } from "../media-types.ts";
import type { RepositoryName } from "../names.ts";
import type { ReferrerRow, RegistryPorts } from "../ports/index.ts";
import type { Scope } from "../scope.ts";

/** Rows read at a time; annotations decide how many fit into one answer. */
const BATCH = 500;

/** One page of referrers as an OCI index that keeps within the size of a manifest. */
export interface ReferrersPage {
  readonly index: Buffer;
  /** What `after` must be for the next page; undefined at the end. */
  readonly next: number | undefined;
}

/**
 * Manifests that name `subject` (distribution-spec end-12), oldest first. Always an index, empty for an unknown subject
 * or repository. A page ends before it would exceed 4 MiB, or after `n` entries where a client asks for fewer;
 * one of no entries has no next.
 */
export async function listReferrers(
  ports: Pick<RegistryPorts, "manifests">,
  scope: Scope,
  name: RepositoryName,
  query: {
    readonly subject: Digest;
    readonly artifactType: string | undefined;
    readonly after: number;
    readonly n: number;
  },
): Promise<ReferrersPage> {
  const entries: string[] = [];
  let bytes = EMPTY.length;
  let after = query.after;
  for (;;) {
    const { subject, artifactType } = query;
    const artifactTypes = artifactType === undefined ? undefined : [artifactType];
    const page = { subject, artifactTypes, after, limit: BATCH };
    const rows = await ports.manifests.listReferrers(scope, name, page);
    for (const row of rows) {
      const entry = descriptorOf(row);
      const size = Buffer.byteLength(entry) + 1;
      // A single entry always fits: it is smaller than the manifest it was made from.
      if (entries.length >= query.n || (entries.length > 0 && bytes + size > MANIFEST_SIZE_MAX)) {
        return { index: render(entries), next: query.n === 0 ? undefined : after };
      }
      entries.push(entry);
      bytes += size;
      after = row.id;
    }
    if (rows.length < BATCH) return { index: render(entries), next: undefined };
  }
}

const EMPTY = `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`;

function render(entries: readonly string[]): Buffer {
  return Buffer.from(EMPTY.replace("[]", () => `[${entries.join(",")}]`));
}

function descriptorOf(row: ReferrerRow): string {
  const descriptor = JSON.stringify({
    mediaType: row.mediaType,
    digest: row.digest,
    size: row.size,
    ...(row.artifactType === undefined ? {} : { artifactType: row.artifactType }),
  });
  if (row.annotationsText === undefined) return descriptor;
  return `${descriptor.slice(0, -1)},"annotations":${row.annotationsText}}`;
}
