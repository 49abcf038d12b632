import { randomBytes } from "node:crypto";

/** A storage key that was never used and never will be again: two hex characters to spread folders, then 128 random bits. */
export function newObjectKey(): string {
  const hex = randomBytes(17).toString("hex");
  return `${hex.slice(0, 2)}/${hex.slice(2)}`;
}
