import type { Layer, LayerFailure } from "../../../../aws-models/ecr.types.ts";
import { type Digest, parseDigest } from "../../../../registry/digest.ts";
import { type CheckedLayer, checkLayers } from "../../../../registry/layers/check.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** What ECR calls a digest of a layer; most of them no layer can have. */
const LAYER_DIGEST = /^[a-zA-Z0-9\-_+.]+:[a-fA-F0-9]+$/;

export function batchCheckLayerAvailability(
  ports: Pick<EcrPorts, "scopes" | "registry">,
): EcrHandler<"BatchCheckLayerAvailability"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    await call.authorize(arnIn(registry, name));
    const scope = await ports.scopes.open(registry);
    const wanted = [...new Set(input.layerDigests)];
    const named = wanted.filter((text) => LAYER_DIGEST.test(text));
    const digests = named.map(digestOf).filter((digest) => digest !== undefined);
    const found = await checkLayers(ports.registry, scope, name, digests);
    return {
      layers: named.map((text) => present(text, found.get(text as Digest))),
      failures: wanted.filter((text) => !LAYER_DIGEST.test(text)).map(failure),
    };
  };
}

/** Undefined for what is no digest that Berth computes: no repository has such a layer. */
function digestOf(text: string): Digest | undefined {
  try {
    return parseDigest(text);
  } catch {
    return undefined;
  }
}

function present(layerDigest: string, layer: CheckedLayer | undefined): Layer {
  if (layer === undefined) return { layerDigest, layerAvailability: "UNAVAILABLE" };
  const { size: layerSize, mediaType } = layer;
  return { layerDigest, layerAvailability: "AVAILABLE", layerSize, mediaType };
}

function failure(layerDigest: string): LayerFailure {
  return layerDigest === ""
    ? { layerDigest, failureCode: "MissingLayerDigest", failureReason: "The layer digest is empty" }
    : {
        layerDigest,
        failureCode: "InvalidLayerDigest",
        failureReason: `The layer digest must satisfy regular expression '${LAYER_DIGEST.source.slice(1, -1)}'`,
      };
}
