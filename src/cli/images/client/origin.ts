import type { IncomingMessage } from "node:http";
import { ImageError, quote } from "../errors.ts";
import { isLoopback } from "../reference.ts";
import { isCertificateError, type Transport } from "./transport.ts";

/**
 * Where a registry's API is, and its answer to `GET /v2/` without credentials. TLS, except with `plainHttp`; for this
 * machine's own addresses HTTP is tried when there is no TLS, as docker does.
 */
export async function findOrigin(
  transport: Transport,
  host: string,
  plainHttp: boolean,
): Promise<{ origin: URL; response: IncomingMessage }> {
  const ping = async (scheme: string, once = false) => {
    const url = URL.parse(`${scheme}://${host}/v2/`);
    if (url === null) throw new ImageError(`${quote(host)} is no host`);
    return { origin: new URL(url.origin), response: await transport.send({ method: "GET", url, once }) };
  };
  if (plainHttp) return ping("http");
  try {
    return await ping("https", isLoopback(host));
  } catch (error) {
    if (!isLoopback(host) || isCertificateError(error)) throw error;
    return ping("http");
  }
}
