import type {
  GetLifecyclePolicyPreviewRequest,
  LifecyclePolicyPreviewResult,
  LifecyclePolicyPreviewSummary,
} from "../../../../aws-models/ecr.types.ts";
import type { PreviewResult, PreviewSummary } from "../../../../lifecycle/ports/preview-store.ts";
import { getLifecyclePreview, type WantedResults } from "../../../../lifecycle/preview.ts";
import { parseDigest } from "../../../../registry/digest.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import { pageOf, refusePagingWith } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

type Input = GetLifecyclePolicyPreviewRequest;

/** A page of the images that would go, or those of `imageIds`. */
export function getLifecyclePolicyPreview(
  ports: Pick<EcrPorts, "scopes" | "lifecyclePreviews" | "pageTokens">,
): EcrHandler<"GetLifecyclePolicyPreview"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const tagStatus = input.filter?.tagStatus ?? "ANY";
    const page = pageOf(ports.pageTokens, call, registry, input, [name, tagStatus]);
    const wanted = wantedOf(input, page);
    await call.authorize(arnIn(registry, name));
    const scope = await ports.scopes.open(registry);
    const tagged = tagStatus === "ANY" ? undefined : tagStatus === "TAGGED";
    const preview = await getLifecyclePreview(ports.lifecyclePreviews, scope, name, tagged, wanted);
    const shown = { registryId: registry.account, repositoryName: name, lifecyclePolicyText: preview.text };
    if (preview.status !== "COMPLETE") return { ...shown, status: preview.status };
    return {
      ...{ ...shown, status: preview.status, previewResults: preview.results.map(presentResult) },
      summary: presentSummary(preview),
      nextToken: page.token(preview.next === undefined ? undefined : String(preview.next)),
    };
  };
}

function wantedOf(
  input: Input,
  { after, limit }: { readonly after: string; readonly limit: number },
): WantedResults {
  const { imageIds } = input;
  if (imageIds === undefined) return { after: after === "" ? -1 : Number(after), limit };
  refusePagingWith("imageIds", input);
  return {
    digests: imageIds.flatMap(({ imageDigest }) =>
      imageDigest === undefined ? [] : [parseDigest(imageDigest, "imageDigest")],
    ),
    tags: imageIds.flatMap(({ imageDigest, imageTag }) =>
      imageDigest !== undefined || imageTag === undefined ? [] : [imageTag],
    ),
  };
}

function presentResult(result: PreviewResult): LifecyclePolicyPreviewResult {
  const { tags, digest, pushedAt, action, rulePriority, storageClass } = result;
  return {
    imageTags: tags,
    imageDigest: digest,
    imagePushedAt: pushedAt,
    action: action === "expire" ? { type: "EXPIRE" } : { type: "TRANSITION", targetStorageClass: "ARCHIVE" },
    appliedRulePriority: rulePriority,
    storageClass: storageClass === "archive" ? "ARCHIVE" : "STANDARD",
  };
}

function presentSummary({ expiring, transitioning }: PreviewSummary): LifecyclePolicyPreviewSummary {
  return {
    expiringImageTotalCount: expiring,
    ...(transitioning === 0
      ? {}
      : {
          transitioningImageTotalCounts: [{ targetStorageClass: "ARCHIVE", imageTotalCount: transitioning }],
        }),
  };
}
