import { type Digest, parseDigest } from "../../../registry/digest.ts";
import { RegistryError } from "../../../registry/errors.ts";
import { invalidParameter } from "../aws-error.ts";

/** A digest that a layer may have. @throws AwsError InvalidParameterException for every other one, naming the member */
export function layerDigest(member: string, text: string): Digest {
  try {
    return parseDigest(text);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { rule } = error.detail as { readonly rule: string };
    throw invalidParameter(member, `Member must be a digest that layers have: ${rule}`);
  }
}
