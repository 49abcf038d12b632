import { readFileSync } from "node:fs";

/** The version of this program, from its package.json: a folder up from the sources and from `dist` alike. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(version);
}
