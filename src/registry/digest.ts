import { createHash, type Hash } from "node:crypto";
import { RegistryError } from "./errors.ts";

/** Algorithms of the OCI image specification ("Registered Algorithms") that Berth computes. */
export const DIGEST_ALGORITHMS = ["sha256", "sha512"] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** `algorithm:hex`, lower case, of a registered algorithm and of that algorithm's length. Made by {@link parseDigest}. */
export type Digest = string & { readonly __brand: "Digest" };

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** The algorithm byte that starts a digest in the database. */
const ALGORITHM_BYTE: Readonly<Record<DigestAlgorithm, number>> = { sha256: 1, sha512: 2 };

export function isDigestAlgorithm(name: string): name is DigestAlgorithm {
  return (DIGEST_ALGORITHMS as readonly string[]).includes(name);
}

/** Whether a reference is meant as a digest: a tag can hold no colon. */
export function looksLikeDigest(reference: string): boolean {
  return reference.includes(":");
}

/** @throws RegistryError DIGEST_INVALID naming `field` and the rule that `text` breaks. */
export function parseDigest(text: string, field = "digest"): Digest {
  if (!GRAMMAR.test(text)) {
    throw invalid(field, text, "a digest is written algorithm:hex");
  }
  const colon = text.indexOf(":");
  const algorithm = text.slice(0, colon);
  if (!isDigestAlgorithm(algorithm)) {
    throw invalid(
      field,
      text,
      `algorithm ${algorithm} is not supported; use ${DIGEST_ALGORITHMS.join(" or ")}`,
    );
  }
  const hex = text.slice(colon + 1);
  if (hex.length !== HEX_LENGTH[algorithm] || !/^[0-9a-f]+$/.test(hex)) {
    throw invalid(
      field,
      text,
      `${algorithm} needs ${HEX_LENGTH[algorithm]} lower-case hexadecimal characters`,
    );
  }
  return text as Digest;
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

export function newHash(algorithm: DigestAlgorithm): Hash {
  return createHash(algorithm);
}

/** The digest of what `hash` has seen; `hash` is spent. */
export function finishHash(algorithm: DigestAlgorithm, hash: Hash): Digest {
  return `${algorithm}:${hash.digest("hex")}` as Digest;
}

export function digestOf(bytes: Buffer, algorithm: DigestAlgorithm = "sha256"): Digest {
  return finishHash(algorithm, newHash(algorithm).update(bytes));
}

/** Database form: one algorithm byte, then the hash. */
export function digestToBytes(digest: Digest): Buffer {
  const algorithm = digestAlgorithm(digest);
  const bytes = Buffer.allocUnsafe(1 + HEX_LENGTH[algorithm] / 2);
  bytes[0] = ALGORITHM_BYTE[algorithm];
  bytes.write(digest.slice(algorithm.length + 1), 1, "hex");
  return bytes;
}

export function digestFromBytes(bytes: Buffer): Digest {
  const algorithm = DIGEST_ALGORITHMS.find((name) => ALGORITHM_BYTE[name] === bytes[0]);
  if (algorithm === undefined) {
    throw new Error(`the database holds a digest of unknown algorithm byte ${bytes[0]}`);
  }
  return `${algorithm}:${bytes.toString("hex", 1)}` as Digest;
}

function invalid(field: string, text: string, rule: string): RegistryError {
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  return new RegistryError("DIGEST_INVALID", `invalid ${field} ${JSON.stringify(shown)}: ${rule}`, {
    detail: { digest: shown, rule },
  });
}
