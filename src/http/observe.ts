import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "../log.ts";
import { FewLabels, type Metrics } from "../metrics.ts";
import type { Client } from "./client.ts";
import { LoopWatch } from "./loop-watch.ts";
import { faultOf } from "./on-error.ts";
import type { Outcome } from "./outcome.ts";

/** What is noted as the status when the client hung up before there was an answer (nginx's convention). */
const CLIENT_GONE = 499;
/** Milliseconds from which a request is logged as slow. */
const SLOW = 1_000;
/** Routes whose requests take as long as they must: bodies of blobs, waiting for events, adding up. */
const UNHURRIED: ReadonlySet<string> = new Set(["getBlob", "listEvents", "getUsage"]);
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** Route of what nobody serves. */
const UNKNOWN = "unknown";

/** One request, from its first byte to the end of its answer. */
export interface Exchange {
  /** Random, so that it tells nothing of the node; the log and the client are told it. */
  id: string;
  readonly client: Client;
  /** What every answer says, unless its handler says otherwise. */
  readonly headers: Outcome["headers"];
  /** The call that it turned out to be (a key of PERMISSIONS, or an operations path). */
  route: string;
  /** ARN of the caller, once known. */
  principal: string | undefined;
  /** The access key that its credentials name, proven or not. */
  accessKeyId: string | undefined;
  error: unknown;
}

/** Counts and logs every exchange. Successful reads are logged only where `accessLog` says so. */
export class Observer {
  readonly #log: Log;
  readonly #accessLog: boolean;
  readonly #loop: LoopWatch;
  readonly #requests;
  readonly #durations;
  readonly #routes = new FewLabels("route");
  readonly #methods = new FewLabels("method");
  readonly #statuses = new FewLabels("status");
  readonly #sent;
  readonly #received;
  /** Bytes of a connection that belong to exchanges that have ended. */
  readonly #counted = new WeakMap<Socket, { readonly sent: number; readonly received: number }>();

  constructor(log: Log, metrics: Metrics, accessLog: boolean, loop = new LoopWatch(log, metrics)) {
    this.#log = log;
    this.#loop = loop;
    this.#accessLog = accessLog;
    this.#requests = metrics.counter("berth_http_requests_total", "Requests by route, method and status.");
    this.#durations = metrics.histogram(
      "berth_http_request_seconds",
      "Duration of requests by route.",
      SECONDS,
    );
    this.#sent = metrics.counter("berth_http_sent_bytes_total", "Bytes of answers by route.");
    this.#received = metrics.counter("berth_http_received_bytes_total", "Bytes of requests by route.");
  }

  begin(
    request: IncomingMessage,
    response: ServerResponse,
    about: Pick<Exchange, "client" | "headers">,
  ): Exchange {
    const exchange: Exchange = {
      ...{ id: randomUUID(), client: about.client, headers: about.headers },
      ...{ route: UNKNOWN, principal: undefined, accessKeyId: undefined, error: undefined },
    };
    this.#loop.entered(exchange);
    const { socket } = request;
    const start = performance.now();
    response.once("close", () => {
      const milliseconds = performance.now() - start;
      this.#loop.left(exchange);
      // Since the exchange before it on this connection: by now the first bytes of the body may have been read already.
      const before = this.#counted.get(socket) ?? { sent: 0, received: 0 };
      const total = { sent: socket.bytesWritten, received: socket.bytesRead };
      this.#counted.set(socket, total);
      const sent = Math.max(0, total.sent - before.sent);
      const received = Math.max(0, total.received - before.received);
      this.#end(request, response, exchange, { milliseconds, sent, received });
    });
    return exchange;
  }

  /** An error that no exchange could take: a defect of the edge itself. */
  failed(error: Error): void {
    this.#log.error("edge failed", { error: error.message, stack: error.stack });
  }

  #end(request: IncomingMessage, response: ServerResponse, exchange: Exchange, facts: Facts): void {
    const route = this.#routes.of(exchange.route);
    const method = this.#methods.of(knownMethod(request.method));
    this.#requests.add(1, `${route},${method},${this.#statuses.of(statusOf(response))}`);
    this.#durations.observe(facts.milliseconds / 1000, route);
    this.#sent.add(facts.sent, route);
    this.#received.add(facts.received, route);
    this.#write(request, response, exchange, facts);
  }

  #write(request: IncomingMessage, response: ServerResponse, exchange: Exchange, facts: Facts): void {
    const { error } = exchange;
    const status = statusOf(response);
    const fault = error === undefined ? (status === CLIENT_GONE ? "gone" : undefined) : faultOf(error);
    const isRead = READS.has(request.method ?? "");
    const slow = facts.milliseconds > SLOW && !UNHURRIED.has(exchange.route);
    // What clients ask in vain as a matter of course. Credentials that were refused are a denial.
    const usual = status === 404 || fault === "gone" || (status === 401 && !request.headers.authorization);
    if (isRead && !slow && !this.#accessLog && (status < 400 || usual) && fault !== "bug") return;
    const fields = {
      requestId: exchange.id,
      method: request.method,
      path: pathOf(request.url ?? "", exchange.route),
      route: exchange.route,
      status,
      bytes: facts.sent,
      received: facts.received,
      ms: Math.round(facts.milliseconds),
      principal: exchange.principal,
      key: exchange.accessKeyId,
      ip: exchange.client.ip,
      userAgent: userAgentOf(request),
      ...(slow ? { slow: true } : {}),
      ...(fault === undefined ? {} : describe(error, fault)),
    };
    if (fault === "bug") this.#log.error("request failed", fields);
    else if (fault === "dependency") this.#log.warn("dependency failed", fields);
    else this.#log.info("request", fields);
  }
}

interface Facts {
  readonly milliseconds: number;
  readonly sent: number;
  readonly received: number;
}

function statusOf(response: ServerResponse): number {
  return response.headersSent ? response.statusCode : CLIENT_GONE;
}

/** Methods that change nothing: anybody may send them as often as they like. */
const READS = new Set(["GET", "HEAD", "OPTIONS"]);
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function knownMethod(method: string | undefined): string {
  return method !== undefined && METHODS.has(method) ? method : "other";
}

/** A JWT, wherever a client put it: messages for a caller may quote what it sent. */
const TOKEN = /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
/** Secrets are at least so long; access key ids as well. */
const SECRET_LENGTH = 16;

/** Characters of a target that the log looks at; longer paths are refused. */
const PATH_SHOWN = 2_048;

/**
 * The path without what may be a secret: its query, the user before a host, tokens, and of a path that nobody serves
 * all but a short beginning. (Secrets have slashes: any part of it may be one of theirs.)
 */
function pathOf(url: string, route: string): string | undefined {
  const path = url
    .slice(0, PATH_SHOWN)
    .split(/[?#]/, 1)[0]
    ?.replace(/^(?:[a-z][a-z\d+.-]*:)?\/\/.*@/is, "//")
    .replaceAll(TOKEN, "…");
  return route === UNKNOWN ? beginningOf(path ?? "") : path;
}

function beginningOf(path: string): string {
  const [, first = "", ...rest] = path.split("/");
  const shown = first.length < SECRET_LENGTH ? first : "…";
  return rest.length === 0 ? `/${shown}` : `/${shown}/…`;
}

/** Characters of a user agent that are logged. */
const USER_AGENT_MAX = 200;

/** What a client calls itself, as far as it may stand in a log. */
function userAgentOf({ headers }: IncomingMessage): string | undefined {
  return headers["user-agent"]
    ?.slice(0, USER_AGENT_MAX)
    .replaceAll(TOKEN, "…")
    .replaceAll(/\p{Cc}/gu, "?");
}

function describe(error: unknown, fault: string): Readonly<Record<string, unknown>> {
  if (error === undefined) return { fault };
  if (!(error instanceof Error)) return { fault, error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  const said = { fault, error: error.message.replaceAll(TOKEN, "…"), ...cause };
  return fault === "bug" ? { ...said, stack: error.stack } : said;
}
