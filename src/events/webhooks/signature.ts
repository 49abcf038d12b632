import { createHmac, randomBytes } from "node:crypto";

/** Begins every secret (Standard Webhooks, "Signature scheme"). */
const PREFIX = "whsec_";
const SECRET_BYTES = 32;

/** A secret that nobody has yet: `whsec_` and 32 random bytes in base64. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString("base64");
}

/**
 * Headers that prove who sends a message and when (Standard Webhooks 1.0): HMAC-SHA256, by the bytes of the secret, of id,
 * seconds since the epoch and body, joined by dots.
 */
export function signatureHeaders(
  secret: string,
  id: string,
  at: Date,
  body: Buffer,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}
