import type { EcrApi } from "../ecr-api/client.ts";
import { shortDigest } from "../images/progress.ts";
import type { WrittenReference } from "../images/reference.ts";
import { formatSize } from "../tables/size.ts";
import { type ImageRow, imageRowOf } from "./image-row.ts";
import { type ImageId, imageIdOf } from "./reference.ts";

/** Images of a call of the API. */
const BATCH = 100;

/** What became of one thing that was named: every member is always there, for programs. */
export interface Removed {
  readonly repository: string;
  readonly digest: string | null;
  readonly tag: string | null;
  readonly deleted: boolean;
  /** Why it was not, as the API calls it: `ImageReferencedByManifestList`. */
  readonly code: string | null;
  readonly reason: string | null;
}

/** What goes of a repository, a line for each image. @throws EcrError where one of them is not there */
export async function describeRemoval(
  api: EcrApi,
  repositoryName: string,
  references: readonly WrittenReference[],
): Promise<readonly string[]> {
  const rows: ImageRow[] = [];
  for (const imageIds of batchesOf(references.map(imageIdOf))) {
    const { imageDetails } = await api.call("DescribeImages", { repositoryName, imageIds });
    rows.push(...(imageDetails ?? []).map(imageRowOf));
  }
  const images = new Map(rows.map((row) => [row.digest, row]));
  return [...images.values()].map((row) => removalOf(repositoryName, row, references));
}

/** Deletes what is named, batch by batch, and tells of each what became of it. @throws EcrError */
export async function* remove(
  api: EcrApi,
  repository: string,
  references: readonly WrittenReference[],
): AsyncGenerator<Removed> {
  for (const imageIds of batchesOf(references.map(imageIdOf))) {
    const answer = await api.call("BatchDeleteImage", { repositoryName: repository, imageIds });
    for (const id of answer.imageIds ?? []) {
      yield { repository, ...namesOf(id), deleted: true, code: null, reason: null };
    }
    for (const { imageId = {}, failureCode = null, failureReason = null } of answer.failures ?? []) {
      yield { repository, ...namesOf(imageId), deleted: false, code: failureCode, reason: failureReason };
    }
  }
}

/** `REPO:TAG@DIGEST`, as much of it as there is. */
export function nameOf({ repository, tag, digest }: Pick<Removed, "repository" | "tag" | "digest">): string {
  return `${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}

function namesOf({ imageDigest, imageTag }: ImageId): Pick<Removed, "digest" | "tag"> {
  return { digest: imageDigest ?? null, tag: imageTag ?? null };
}

/** An image goes when it is named by its digest, or when its last tag goes. */
function removalOf(
  repository: string,
  { digest, tags, size }: ImageRow,
  references: readonly WrittenReference[],
): string {
  const isNamed = references.some((each) => each.digest === digest);
  const named = new Set<string>(references.map(({ tag = "" }) => tag));
  const going = tags.filter((tag) => isNamed || named.has(tag));
  const staying = tags.filter((tag) => !going.includes(tag));
  const name = `${repository} ${shortDigest(digest)}`;
  if (staying.length > 0) return `${name} loses ${tagsOf(going)} and keeps ${tagsOf(staying)}`;
  return `${name} (${formatSize(size)}) goes${going.length === 0 ? "" : ` with ${tagsOf(going)}`}`;
}

function tagsOf(tags: readonly string[]): string {
  return `the tag${tags.length === 1 ? "" : "s"} ${tags.join(", ")}`;
}

function batchesOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, at) =>
    items.slice(at * BATCH, (at + 1) * BATCH),
  );
}
