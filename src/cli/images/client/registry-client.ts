import type { IncomingMessage } from "node:http";
import { type Digest, digestAlgorithm, digestOf, looksLikeDigest } from "../../../registry/digest.ts";
import { MANIFEST_SIZE_MAX } from "../../../registry/manifest.ts";
import { IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPES } from "../../../registry/media-types.ts";
import type { Chunks } from "../chunks.ts";
import type { Credentials } from "../credentials.ts";
import { ImageError } from "../errors.ts";
import { Authorization } from "./authorization.ts";
import { findOrigin } from "./origin.ts";
import { readBody, responseError } from "./response-error.ts";
import { type HttpRequest, Transport } from "./transport.ts";

export interface ConnectOptions {
  /** With its port, when it is not the scheme's. */
  readonly host: string;
  readonly repository: string;
  readonly access: "pull" | "pull,push";
  readonly credentials?: Credentials | undefined;
  readonly plainHttp?: boolean | undefined;
  /** PEM of authorities to trust beside the usual ones. */
  readonly ca?: Buffer | undefined;
}

export interface FetchedManifest {
  readonly digest: Digest;
  /** Without parameters. */
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const REDIRECTS_MAX = 5;
const ACCEPT = [...IMAGE_MEDIA_TYPES, ...INDEX_MEDIA_TYPES, "*/*"].join(", ");

/** Finds out how the registry is reached and what it asks for. @throws ImageError when it is no registry */
export async function connect(options: ConnectOptions): Promise<RegistryClient> {
  const transport = new Transport(options.ca);
  try {
    const { origin, response } = await findOrigin(transport, options.host, options.plainHttp ?? false);
    const scope = `repository:${options.repository}:${options.access}`;
    const authorization = new Authorization({ transport, origin, credentials: options.credentials, scope });
    if (response.statusCode === 401) await authorization.learn(response);
    else if (response.statusCode !== 200) throw await responseError(response, options.host, "GET of /v2/");
    response.resume();
    return new RegistryClient(transport, authorization, origin, options.repository);
  } catch (error) {
    transport.close();
    throw error;
  }
}

/** One repository over the OCI distribution API. Failures are ResponseError (the registry's) or ImageError. */
export class RegistryClient {
  readonly #transport: Transport;
  readonly #authorization: Authorization;
  readonly #origin: URL;
  readonly #repository: string;

  constructor(transport: Transport, authorization: Authorization, origin: URL, repository: string) {
    this.#transport = transport;
    this.#authorization = authorization;
    this.#origin = origin;
    this.#repository = repository;
  }

  get name(): string {
    return `${this.#origin.host}/${this.#repository}`;
  }

  close(): void {
    this.#transport.close();
  }

  hasBlob(digest: Digest): Promise<boolean> {
    return this.#exists(`blobs/${digest}`, `HEAD of the blob ${digest}`);
  }

  hasManifest(reference: string): Promise<boolean> {
    return this.#exists(`manifests/${reference}`, `HEAD of the manifest ${reference}`);
  }

  /** A reference that is a digest is verified; for a tag the digest is computed (sha256). */
  async getManifest(reference: string): Promise<FetchedManifest> {
    const what = `GET of the manifest ${reference}`;
    const url = this.#url(`manifests/${reference}`);
    const response = await this.#send({ method: "GET", url, headers: { Accept: ACCEPT } });
    if (response.statusCode !== 200) throw await responseError(response, this.#origin.host, what);
    const bytes = await readBody(response, MANIFEST_SIZE_MAX);
    const wanted = looksLikeDigest(reference) ? (reference as Digest) : undefined;
    const digest = digestOf(bytes, wanted === undefined ? "sha256" : digestAlgorithm(wanted));
    if (wanted !== undefined && wanted !== digest) {
      throw new ImageError(`${this.#origin.host} sent a manifest of digest ${digest} for ${wanted}`);
    }
    const mediaType = (response.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
    return { digest, mediaType, bytes };
  }

  async putManifest(reference: string, mediaType: string, bytes: Buffer): Promise<void> {
    const url = this.#url(`manifests/${reference}`);
    const headers = { "Content-Type": mediaType, "Content-Length": String(bytes.length) };
    const response = await this.#send({ method: "PUT", url, headers, body: bytes });
    if (response.statusCode !== 201) {
      throw await responseError(response, this.#origin.host, `PUT of the manifest ${reference}`);
    }
    response.resume();
  }

  /**
   * The answer to a GET of a blob from `offset` on: 200 or 206, its body unread. Follows redirects, without
   * credentials when they lead to another host.
   */
  async getBlob(digest: Digest, offset = 0): Promise<IncomingMessage> {
    const headers: Record<string, string> = offset === 0 ? {} : { Range: `bytes=${offset}-` };
    let url = this.#url(`blobs/${digest}`);
    for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
      const response = await this.#send({ method: "GET", url, headers });
      const { statusCode = 0 } = response;
      if (statusCode === 200 || statusCode === 206) return response;
      const location = response.headers.location;
      if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) {
        throw await responseError(response, url.host, `GET of the blob ${digest}`);
      }
      response.resume();
      url = resolve(location, url);
    }
    throw new ImageError(
      `${this.#origin.host} redirects the blob ${digest} more than ${REDIRECTS_MAX} times`,
    );
  }

  /**
   * Streams a blob up. `digest` is asked when all chunks have gone; when it throws, nothing is stored.
   * POST, then one PATCH with everything, then PUT: what docker does and so what every registry takes.
   */
  async uploadBlob(chunks: Chunks, digest: () => Digest): Promise<void> {
    const start = await this.#send({
      method: "POST",
      url: this.#url("blobs/uploads/"),
      body: Buffer.alloc(0),
    });
    const session = await this.#accepted(start, 202, this.#origin, "start of an upload");
    const headers = { "Content-Type": "application/octet-stream" };
    const patch = await this.#send({ method: "PATCH", url: session, headers, body: chunks });
    const written = await this.#accepted(patch, 202, session, "upload of a blob");
    const name = digest();
    written.searchParams.set("digest", name);
    const put = await this.#send({ method: "PUT", url: written, body: Buffer.alloc(0) });
    await this.#accepted(put, 201, written, `commit of the blob ${name}`);
  }

  async #accepted(response: IncomingMessage, status: number, base: URL, what: string): Promise<URL> {
    if (response.statusCode !== status) throw await responseError(response, this.#origin.host, what);
    response.resume();
    // Some registries send no Location with a PATCH: the session stays where it is.
    return response.headers.location === undefined ? new URL(base) : resolve(response.headers.location, base);
  }

  async #exists(path: string, what: string): Promise<boolean> {
    const response = await this.#send({ method: "HEAD", url: this.#url(path), headers: { Accept: ACCEPT } });
    response.resume();
    if (response.statusCode === 404) return false;
    // Storage behind a redirect would answer a HEAD without what a registry knows; the blob is there in any case.
    if (response.statusCode === 200 || response.statusCode === 307) return true;
    throw await responseError(response, this.#origin.host, what);
  }

  #url(path: string): URL {
    return new URL(`/v2/${this.#repository}/${path}`, this.#origin);
  }

  async #send(request: HttpRequest): Promise<IncomingMessage> {
    const response = await this.#authorized(request);
    const streamed = request.body !== undefined && !Buffer.isBuffer(request.body);
    const own = request.url.origin === this.#origin.origin;
    if (response.statusCode !== 401 || streamed || !own) return response;
    if (!(await this.#authorization.learn(response))) return response;
    response.resume();
    return this.#authorized(request);
  }

  async #authorized(request: HttpRequest): Promise<IncomingMessage> {
    const own = request.url.origin === this.#origin.origin;
    const authorization = own ? await this.#authorization.header() : undefined;
    if (authorization === undefined) return this.#transport.send(request);
    const headers = { ...request.headers, Authorization: authorization };
    return this.#transport.send({ ...request, headers });
  }
}

function resolve(location: string, base: URL): URL {
  const url = URL.parse(location, base.href);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new ImageError(`${base.host} sends clients to a place that is no URL`);
  }
  return url;
}
