import { IMAGE_MEDIA_TYPES } from "../../registry/media-types.ts";
import { type EcrOutput, timeOf } from "../ecr-api/wire.ts";
import { isConfigOfImage, isIndex } from "../images/manifest-kinds.ts";

export type DescribedImage = NonNullable<EcrOutput<"DescribeImages">["imageDetails"]>[number];

/** An image for programs: every member is always there. */
export interface ImageRow {
  readonly digest: string;
  readonly tags: readonly string[];
  readonly mediaType: string;
  /** Null for an index. */
  readonly artifactType: string | null;
  /** What it refers to. */
  readonly subject: string | null;
  /** Bytes of config and layers; of an index those of its largest image. */
  readonly size: number;
  /** ISO 8601. */
  readonly pushedAt: string | null;
  /** ISO 8601; null where no pull was recorded. */
  readonly pulledAt: string | null;
}

export function imageRowOf(image: DescribedImage): ImageRow {
  return {
    digest: image.imageDigest ?? "",
    tags: image.imageTags ?? [],
    mediaType: image.imageManifestMediaType ?? "",
    artifactType: image.artifactMediaType ?? null,
    subject: image.subjectManifestDigest ?? null,
    size: image.imageSizeInBytes ?? 0,
    pushedAt: timeOf(image.imagePushedAt)?.toISOString() ?? null,
    pulledAt: timeOf(image.lastRecordedPullTime)?.toISOString() ?? null,
  };
}

/** What an image is, in a word. */
export function kindOf({ mediaType, artifactType, subject }: ImageRow): string {
  if (subject !== null) return "referrer";
  if (isIndex(mediaType)) return "index";
  const isImage = IMAGE_MEDIA_TYPES.includes(mediaType) && isConfigOfImage(artifactType ?? "");
  return isImage ? "image" : "artifact";
}
