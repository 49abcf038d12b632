import type { AuditRecord } from "../../../../audit/audit-log.ts";
import type { Image } from "../../../../aws-models/ecr.types.ts";
import { batchGetImages, type GottenImage } from "../../../../registry/images/batch-get.ts";
import { pullerOf } from "../../../../registry/images/pull-times.ts";
import { parseRepositoryName, type RepositoryName } from "../../../../registry/names.ts";
import type { RegistryAddress } from "../../../../registry/scope.ts";
import { originOf } from "../../../access/context.ts";
import type { AwsCall, EcrHandler } from "../../call.ts";
import { presentFailure, readIds } from "../image-failures.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

type Gotten = Extract<GottenImage, { image: unknown }>;

/** Manifests as they are stored, whatever media types are accepted: another one would have another digest. */
export function batchGetImage(
  ports: Pick<EcrPorts, "scopes" | "images" | "manifests" | "manifestCache" | "pullTimes" | "onPull">,
): EcrHandler<"BatchGetImage"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const scope = await ports.scopes.open(registry);
    const answers = await batchGetImages(ports, ports.manifestCache, scope, name, readIds(input.imageIds));
    const gotten = answers.filter((answer) => "image" in answer);
    for (const each of gotten) {
      const { repositoryId, digest } = each.image;
      const by = { principal: pullerOf(call.principal), at: call.clock.now() };
      ports.pullTimes.note({ repositoryId, digest, byTag: each.id.tag !== undefined, ...by });
      ports.onPull?.(pullRecord(call, arnIn(registry, name), each));
    }
    return {
      images: gotten.map((each) => present(registry, name, each)),
      failures: answers.flatMap((answer) =>
        "fault" in answer ? [presentFailure(answer.id, answer.fault)] : [],
      ),
    };
  };
}

function present({ account }: RegistryAddress, name: RepositoryName, { id, image, manifest }: Gotten): Image {
  return {
    ...{ registryId: account, repositoryName: name },
    imageId: { imageDigest: image.digest, imageTag: id.tag },
    ...{ imageManifest: manifest.toString(), imageManifestMediaType: image.mediaType },
  };
}

function pullRecord(
  { principal, account, requestId, context, clock }: AwsCall,
  resource: string,
  { id, image }: Gotten,
): AuditRecord {
  return {
    ...originOf(principal, account, requestId, context),
    ...{ action: "ecr:BatchGetImage", resource, at: clock.now(), decision: "allowed", reason: undefined },
    detail: { digest: image.digest, reference: id.tag ?? image.digest },
  };
}
