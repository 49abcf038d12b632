import type {
  DescribeImagesRequest,
  ImageDetail as ImageDetailShape,
} from "../../../../aws-models/ecr.types.ts";
import { describeImages as describe, NEWEST, pageImages } from "../../../../registry/images/describe.ts";
import { parseRepositoryName, type RepositoryName } from "../../../../registry/names.ts";
import type { ImageDetail } from "../../../../registry/ports/index.ts";
import type { RegistryAddress } from "../../../../registry/scope.ts";
import type { AwsCall, EcrHandler } from "../../call.ts";
import { readIds } from "../image-failures.ts";
import { isActive, noImages } from "../image-status.ts";
import { pageOf, refusePagingWith } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

type Ports = Pick<EcrPorts, "scopes" | "images" | "repositories" | "pageTokens">;

/** By digest or tag, where any missing one fails the whole call; or all of them, newest first, a page at a time. */
export function describeImages(ports: Ports): EcrHandler<"DescribeImages"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const { imageIds } = input;
    if (imageIds === undefined) return describePage(ports, call, registry, name, input);
    refusePagingWith("imageIds", input);
    await call.authorize(arnIn(registry, name));
    const found = await describe(ports, await ports.scopes.open(registry), name, readIds(imageIds));
    return { imageDetails: found.map((image) => presentImage(registry, name, image)) };
  };
}

async function describePage(
  ports: Ports,
  call: AwsCall,
  registry: RegistryAddress,
  name: RepositoryName,
  input: DescribeImagesRequest,
): Promise<{ imageDetails: readonly ImageDetailShape[]; nextToken?: string | undefined }> {
  const { tagStatus = "ANY", imageStatus } = input.filter ?? {};
  const wanted = pageOf(ports.pageTokens, call, registry, input, [name, tagStatus, imageStatus]);
  await call.authorize(arnIn(registry, name));
  const scope = await ports.scopes.open(registry);
  if (!isActive(imageStatus)) return { imageDetails: await noImages(ports, scope, name) };
  const before = wanted.after === "" ? NEWEST : Number(wanted.after);
  const page = await pageImages(ports, scope, name, { before, limit: wanted.limit, tagStatus });
  return {
    imageDetails: page.items.map((image) => presentImage(registry, name, image)),
    nextToken: page.next === undefined ? undefined : wanted.token(String(page.next)),
  };
}

function presentImage(
  { account }: RegistryAddress,
  name: RepositoryName,
  image: ImageDetail,
): ImageDetailShape {
  return {
    registryId: account,
    repositoryName: name,
    imageDigest: image.digest,
    ...(image.tags.length === 0 ? {} : { imageTags: image.tags }),
    imageSizeInBytes: image.size,
    imagePushedAt: image.pushedAt,
    lastRecordedPullTime: image.pulledAt,
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.artifactMediaType,
    subjectManifestDigest: image.subject,
    imageStatus: "ACTIVE",
  };
}
