import { namesRegistry } from "./registry-host.ts";

/** What a request says about the place that it was sent to. */
export interface Target {
  readonly secure: boolean;
  /** Host header as the client sent it. */
  readonly host: string;
  /** Port where `host` names none; undefined for the scheme's own. */
  readonly port: string | undefined;
  /** Origin of the configuration, which wins. */
  readonly externalUrl: string | undefined;
}

/**
 * The one place that says how a client reaches Berth, as `https://HOST[:PORT]`. A host that names a registry (an account in
 * a region) stays itself below the external URL's scheme and port: a token or an upload of one registry is none of another's.
 */
export function originOf({ secure, host, port, externalUrl }: Target): string {
  const plain = host.replaceAll(/[^\w.:[\]-]/g, "");
  if (externalUrl === undefined)
    return `${secure ? "https" : "http"}://${plain}${portBehind(plain, port, secure)}`;
  if (!namesRegistry(plain)) return externalUrl;
  const external = new URL(externalUrl);
  external.hostname = plain.replace(/:\d*$/, "");
  return external.origin;
}

function portBehind(host: string, port: string | undefined, secure: boolean): string {
  const isNamed = /:\d*$/.test(host) && !host.endsWith("]");
  if (isNamed || port === undefined || !/^\d{1,5}$/.test(port)) return "";
  return port === (secure ? "443" : "80") ? "" : `:${port}`;
}
