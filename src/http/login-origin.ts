import type { IncomingMessage } from "node:http";
import type { LoginDoor, LoginOrigin } from "../iam/logins/login-attempt.ts";
import type { Exchange } from "./observe.ts";

/** Where a proof comes from; the log names the access key that it claims. */
export function loginOrigin(
  door: LoginDoor,
  exchange: Exchange,
  request: IncomingMessage,
  at: Date,
): LoginOrigin {
  return new RequestOrigin(door, exchange, request, at);
}

/** Reads what most tries have no use for when it is asked for. */
class RequestOrigin implements LoginOrigin {
  readonly door: LoginDoor;
  readonly at: Date;
  readonly #exchange: Exchange;
  readonly #request: IncomingMessage;

  constructor(door: LoginDoor, exchange: Exchange, request: IncomingMessage, at: Date) {
    this.door = door;
    this.at = at;
    this.#exchange = exchange;
    this.#request = request;
  }

  get sourceIp(): string {
    return this.#exchange.client.ip;
  }

  get secureTransport(): boolean {
    return this.#exchange.client.secure;
  }

  get userAgent(): string {
    return this.#request.headers["user-agent"] ?? "";
  }

  get requestId(): string {
    return this.#exchange.id;
  }

  onClaim(accessKeyId: string): void {
    this.#exchange.accessKeyId = accessKeyId;
  }
}
