import type { Io } from "../io.ts";

/** Milliseconds after which somebody at a terminal is told what they wait for. */
const PATIENCE = 1_000;

/** What `work` resolves with; on a terminal stderr says `text` while that takes long. */
export async function whileWaiting<T>({ stderr }: Io, text: string, work: Promise<T>): Promise<T> {
  if (stderr.isTTY !== true) return work;
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    stderr.write(text);
  }, PATIENCE);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (isShown) stderr.write("\r\x1b[K");
  }
}
