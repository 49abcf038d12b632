/** How an answer is bounded, so that a provider cannot hold or fill us. */
export interface FetchLimits {
  /** Milliseconds for all of it. */
  readonly time: number;
  readonly bytes: number;
}

export const FETCH_LIMITS: FetchLimits = { time: 5_000, bytes: 256 * 1024 };

/**
 * Reads a JSON object from a provider. Redirects are not followed: they would lead away from the issuer that an
 * administrator registered.
 * @throws Error saying what was wrong, without the content
 */
export async function fetchJson(
  url: string,
  limits: FetchLimits,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.timeout(limits.time),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`it answered ${response.status}`);
  }
  const value: unknown = JSON.parse(await readBounded(response, limits.bytes));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("it is not an object");
  return value as Readonly<Record<string, unknown>>;
}

async function readBounded(response: Response, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (size > max) throw new Error(`it is longer than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
