/** A table whose rows belong to a repository by their column `repository_id`. */
interface RepositoryTable {
  readonly name: string;
  /**
   * How its rows go when the repository is deleted: at once (a trigger), in slices by the purge, by the expiry of
   * sessions, which knows what they hold in storage, with the rows that they refer to, or last of all with the
   * repository's own row.
   */
  readonly goes: "at once" | "in slices" | "by expiry" | "with others" | "last";
  /** Whether a row keeps a repository that a push has made and nothing was put into: somebody has a use for it. */
  readonly keeps: boolean;
}

/**
 * Every table that a repository's deletion is about, in the order in which slices can go: edges before what they point
 * at. A test compares it with the database: a new table that refers to repositories belongs here.
 */
export const REPOSITORY_TABLES = [
  { name: "repository_policies", goes: "at once", keeps: false },
  { name: "lifecycle_policies", goes: "at once", keeps: false },
  { name: "repository_resource_tags", goes: "at once", keeps: false },
  { name: "lifecycle_preview_results", goes: "in slices", keeps: false },
  { name: "lifecycle_previews", goes: "in slices", keeps: false },
  { name: "tags", goes: "in slices", keeps: false },
  { name: "manifest_children", goes: "in slices", keeps: false },
  { name: "manifest_blobs", goes: "in slices", keeps: false },
  { name: "manifests", goes: "in slices", keeps: false },
  { name: "image_pulls", goes: "with others", keeps: false },
  { name: "gc_manifest_queue", goes: "with others", keeps: false },
  { name: "gc_referrer_queue", goes: "with others", keeps: false },
  { name: "tag_history", goes: "in slices", keeps: false },
  { name: "repository_blobs", goes: "in slices", keeps: false },
  { name: "uploads", goes: "by expiry", keeps: true },
  { name: "gc_link_queue", goes: "last", keeps: false },
] as const satisfies readonly RepositoryTable[];

/** Names of the tables whose rows go so. */
export function tablesGoing(goes: RepositoryTable["goes"]): readonly string[] {
  return REPOSITORY_TABLES.filter((table) => table.goes === goes).map(({ name }) => name);
}

/** SQL: whether no row keeps the repository whose id is `id`. */
export function isUnused(id: string): string {
  return REPOSITORY_TABLES.filter(({ keeps }) => keeps)
    .map(({ name }) => `NOT EXISTS (SELECT 1 FROM ${name} AS used WHERE used.repository_id = ${id})`)
    .join(" AND ");
}
