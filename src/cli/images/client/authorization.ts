import type { IncomingMessage } from "node:http";
import type { Credentials } from "../credentials.ts";
import { ImageError } from "../errors.ts";
import { parseObject, stringOf } from "../untrusted-json.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { readBody, responseError } from "./response-error.ts";
import type { Transport } from "./transport.ts";

export interface AuthorizationOptions {
  readonly transport: Transport;
  readonly origin: URL;
  readonly credentials: Credentials | undefined;
  /** `repository:NAME:pull` or `repository:NAME:pull,push`. */
  readonly scope: string;
}

/** A token is replaced when less than this is left of it, since a large blob may be on its way for long. */
const TOKEN_MARGIN_MS = 20_000;
const TOKEN_LIFE_DEFAULT_S = 60;

/** Answers a registry's challenge: Basic with the credentials, or a token from the realm that a Bearer challenge names. */
export class Authorization {
  readonly #options: AuthorizationOptions;
  #basic: string | undefined;
  #bearer: { readonly realm: URL; token: string; staleAt: number } | undefined;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** The `Authorization` header for the registry itself, or undefined; never to be sent elsewhere. */
  async header(): Promise<string | undefined> {
    if (this.#bearer === undefined) return this.#basic;
    if (Date.now() > this.#bearer.staleAt)
      Object.assign(this.#bearer, await this.#fetchToken(this.#bearer.realm));
    return `Bearer ${this.#bearer.token}`;
  }

  /** Takes the challenge of a 401. False: nothing is left to try. */
  async learn(response: IncomingMessage): Promise<boolean> {
    const challenges = parseChallenges(response.headers["www-authenticate"] ?? "");
    const { credentials } = this.#options;
    if (credentials !== undefined && challenges.some(({ scheme }) => scheme === "basic")) {
      if (this.#basic !== undefined) return false;
      this.#basic = basic(credentials);
      return true;
    }
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer === undefined) return false;
    const realm = this.#realm(bearer);
    this.#bearer = { realm, ...(await this.#fetchToken(realm)) };
    return true;
  }

  #realm({ parameters }: Challenge): URL {
    const { origin, scope } = this.#options;
    const realm = URL.parse(parameters["realm"] ?? "");
    // The password goes there: what was TLS may not become plain text.
    if (realm === null || !(realm.protocol === "https:" || realm.protocol === origin.protocol)) {
      throw new ImageError(`${origin.host} sends clients to a token service that is not at an https URL`);
    }
    const service = parameters["service"];
    if (service !== undefined) realm.searchParams.set("service", service);
    realm.searchParams.set("scope", scope);
    return realm;
  }

  async #fetchToken(realm: URL): Promise<{ token: string; staleAt: number }> {
    const { transport, credentials } = this.#options;
    const headers = credentials === undefined ? {} : { Authorization: basic(credentials) };
    const response = await transport.send({ method: "GET", url: realm, headers });
    if (response.statusCode !== 200) throw await responseError(response, realm.host, "request for a token");
    const json = parseObject(await readBody(response, 1024 * 1024), `the token of ${realm.host}`);
    const token = stringOf(json, "token") || stringOf(json, "access_token");
    if (!token || !/^[\x21-\x7e]+$/.test(token)) throw new ImageError(`${realm.host} gave no token`);
    const seconds = typeof json["expires_in"] === "number" ? json["expires_in"] : TOKEN_LIFE_DEFAULT_S;
    return { token, staleAt: Date.now() + seconds * 1000 - TOKEN_MARGIN_MS };
  }
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
