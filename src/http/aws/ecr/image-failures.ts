import type { ImageFailure, ImageIdentifier } from "../../../aws-models/ecr.types.ts";
import type { Digest } from "../../../registry/digest.ts";
import { ID_RULES, type ImageFault, type ImageId } from "../../../registry/images/image-id.ts";

type Said = Pick<Required<ImageFailure>, "failureCode" | "failureReason">;

const invalid = (failureCode: Said["failureCode"], fault: keyof typeof ID_RULES): Said => ({
  failureCode,
  failureReason: `Invalid request parameters: ${ID_RULES[fault]}`,
});

/** What ECR calls each reason why there is no such image. */
const FAILURES: Readonly<Record<ImageFault, Said>> = {
  "no digest and no tag": invalid("MissingDigestAndTag", "no digest and no tag"),
  "invalid digest": invalid("InvalidImageDigest", "invalid digest"),
  "invalid tag": invalid("InvalidImageTag", "invalid tag"),
  unknown: { failureCode: "ImageNotFound", failureReason: "Requested image not found" },
  "tag elsewhere": {
    failureCode: "ImageTagDoesNotMatchDigest",
    failureReason: "Requested image tag does not point at the requested image digest",
  },
};

/** A failure of one id, among those of a call that succeeds. */
export function presentFailure(
  id: ImageId,
  fault: ImageFault | { readonly listedBy: readonly Digest[] },
): ImageFailure {
  const said: Said =
    typeof fault === "string"
      ? FAILURES[fault]
      : {
          failureCode: "ImageReferencedByManifestList",
          failureReason: `Requested image referenced by manifest list: [${fault.listedBy.join(", ")}]`,
        };
  return { imageId: presentId(id), ...said };
}

export function presentId({ digest, tag }: ImageId): ImageIdentifier {
  return { imageDigest: digest, imageTag: tag };
}

export function readIds(ids: readonly ImageIdentifier[]): readonly ImageId[] {
  return ids.map(({ imageDigest: digest, imageTag: tag }) => ({ digest, tag }));
}
