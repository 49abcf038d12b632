import { InvalidArgumentError } from "commander";
import { RegistryError } from "../../registry/errors.ts";
import { UsageError } from "../command-line.ts";
import { parseWrittenReference, type WrittenReference } from "../images/reference.ts";
import { hostArgument } from "../login/command.ts";

/** For an argument: `[HOST/]REPO`. @throws InvalidArgumentError */
export function repositoryArgument(text: string): WrittenReference {
  const reference = referenceArgument(text);
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw new InvalidArgumentError("It must name a repository, without a tag or digest.");
}

/** For an argument: `[HOST/]REPO[:TAG][@DIGEST]`. @throws InvalidArgumentError */
export function referenceArgument(text: string): WrittenReference {
  try {
    return parseWrittenReference(text);
  } catch (error) {
    throw error instanceof RegistryError || error instanceof UsageError
      ? new InvalidArgumentError(error.message)
      : error;
  }
}

/** For arguments that name what goes: only what was said. @throws InvalidArgumentError */
export function removalArgument(
  text: string,
  before: readonly WrittenReference[] = [],
): readonly WrittenReference[] {
  const reference = referenceArgument(text);
  if (reference.tag !== undefined || reference.digest !== undefined) return [...before, reference];
  throw new InvalidArgumentError("It must have a tag or a digest, as in REPO:TAG or REPO@sha256:….");
}

/** The host of a reference, or the only one that is configured. @throws UsageError */
export function hostOf({ host }: WrittenReference, env: NodeJS.ProcessEnv): Promise<string> {
  return hostArgument(host, env);
}

/** How the ECR API names an image. */
export interface ImageId {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

/** A reference as the ECR API names images. */
export function imageIdOf({ tag, digest }: Pick<WrittenReference, "tag" | "digest">): ImageId {
  return {
    ...(digest === undefined ? {} : { imageDigest: digest }),
    ...(tag === undefined ? {} : { imageTag: tag }),
  };
}
