import { type Digest, digestOf } from "../../../src/registry/digest.ts";
import { parseRepositoryName, type RepositoryName, type Tag } from "../../../src/registry/names.ts";
import type {
  ManifestHead,
  ManifestRemoval,
  ManifestStore,
  ReferrerRow,
  RepositoryId,
} from "../../../src/registry/ports/index.ts";
import type { RegistryId, Scope } from "../../../src/registry/scope.ts";

export const SCOPE: Scope = { id: 1 as RegistryId, account: "123456789012", region: "eu-north-1" };
export const APP: RepositoryName = parseRepositoryName("team/app");
export const MISSING: RepositoryName = parseRepositoryName("team/missing");

export interface Held {
  readonly tags?: Readonly<Record<string, Digest>>;
  readonly payloads?: readonly Buffer[];
  readonly referrers?: readonly ReferrerRow[];
  readonly removal?: ManifestRemoval;
}

/** Manifests of the one repository `team/app`, in memory; `asked` tells which calls were made. */
export function manifestStore(held: Held): ManifestStore & { readonly asked: readonly string[] } {
  const { tags = {}, payloads = [], referrers = [], removal = "unknown" } = held;
  const byDigest = new Map(payloads.map((payload) => [digestOf(payload), payload]));
  const asked: string[] = [];
  const lookup = (name: RepositoryName, digest: Digest | undefined) => {
    if (name !== APP) return { repository: false } as const;
    return { repository: true, manifest: headOf(digest, byDigest) } as const;
  };
  return {
    asked,
    findByTag: async (_, name, tag) => lookup(name, tags[tag]),
    findByDigest: async (_, name, digest) => lookup(name, digest),
    async payload(_, digest) {
      asked.push(`payload ${digest}`);
      return byDigest.get(digest);
    },
    put: () => Promise.reject(new Error("not for this test")),
    async delete(_, name, digest, { principal: by }, at) {
      asked.push(`delete ${name} ${digest} ${by} ${at.toISOString()}`);
      return name === APP ? removal : "unknown";
    },
    async untag(_, name, tag, { principal: by }, at) {
      asked.push(`untag ${name} ${tag} ${by} ${at.toISOString()}`);
      return name === APP ? tags[tag] : undefined;
    },
    removeTag: () => Promise.reject(new Error("not for this test")),
    async listTags(_, name, after, limit) {
      if (name !== APP) return undefined;
      const all = Object.keys(tags).sort() as Tag[];
      return all.filter((tag) => tag > after).slice(0, limit);
    },
    async listReferrers(_, name, { artifactTypes, after, limit }) {
      asked.push(`listReferrers after ${after}`);
      const rows = name === APP ? referrers : [];
      const wanted = rows.filter((row) => artifactTypes?.includes(row.artifactType ?? "") ?? true);
      return wanted.filter(({ id }) => id > after).slice(0, limit);
    },
  };
}

function headOf(digest: Digest | undefined, held: ReadonlyMap<Digest, Buffer>): ManifestHead | undefined {
  const payload = digest === undefined ? undefined : held.get(digest);
  if (digest === undefined || payload === undefined) return undefined;
  return { repositoryId: 7 as RepositoryId, digest, mediaType: "x/y", size: payload.length };
}
