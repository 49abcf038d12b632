import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Who holds a data directory, as it wrote into it. */
export interface Holder {
  readonly pid?: number;
  /** Host and port, or what it is. */
  readonly url?: string;
  /** When the process began; see `startTimeOf`. */
  readonly began?: string;
}

const URL_LIKE = /^[\w .:/[\]-]{1,200}$/;

export function holderFile(dataDir: string): string {
  return join(dataDir, "lock.holder");
}

/** What may be known and shown of the holder: nothing when it cannot be read, and no text that is not what it should be. */
export async function readHolder(dataDir: string): Promise<Holder> {
  try {
    const { pid, url, began } = JSON.parse(await readFile(holderFile(dataDir), "utf8"));
    return {
      ...(Number.isSafeInteger(pid) && pid > 0 && { pid }),
      ...(typeof url === "string" && URL_LIKE.test(url) && { url }),
      ...(typeof began === "string" && /^\d{1,20}$/.test(began) && { began }),
    };
  } catch {
    return {};
  }
}
