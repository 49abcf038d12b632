import { readFileSync } from "node:fs";

/** The text of `policies/model.conf` as it was shipped. Read once, at start. */
export function readModel(): string {
  // The folder lies at the same distance from the sources and from what is built of them.
  return readFileSync(new URL("../../../policies/model.conf", import.meta.url), "utf8");
}
