import type { IncomingMessage, ServerResponse } from "node:http";
import type { BearerHosts } from "./access/bearer-hosts.ts";
import type { CorsPolicy } from "./cors.ts";
import { crossSite, isCrossSite } from "./cross-site.ts";
import { methodsAt } from "./methods.ts";
import type { Exchange } from "./observe.ts";
import { empty } from "./outcome.ts";
import { Refusal } from "./refusal.ts";
import { respond } from "./respond.ts";
import { misdirected } from "./target.ts";

/** What no door is asked: what may be done at a path, and what no door would understand or may do. */
export function answerBeforeDoors(
  { bearer, cors }: { readonly bearer: BearerHosts; readonly cors: CorsPolicy },
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> | undefined {
  const refuse = (error: Refusal): Promise<void> =>
    respond(exchange, request, response, () => Promise.reject(error));
  const astray = misdirected(request);
  if (astray !== undefined) return refuse(astray);
  if (isTooLong(request)) return refuse(pathTooLong());
  if (isCodedTransfer(request)) return refuse(codedTransfer());
  if (isCrossSite(request, exchange.client, cors)) return refuse(crossSite());
  const { method, url = "" } = request;
  if (method !== "OPTIONS") return undefined;
  const methods = methodsAt(url.split("?", 1)[0] ?? "", bearer.has(exchange.client));
  if (methods === undefined) return refuse(nothingHere());
  exchange.route = "options";
  const headers = { Allow: methods.join(", "), ...cors.preflight(request, methods) };
  return respond(exchange, request, response, async () => empty(204, headers));
}

/** Whether a body came in a coding beside chunks, of which Node undoes the chunks alone. */
function isCodedTransfer({ headers }: IncomingMessage): boolean {
  const codings = headers["transfer-encoding"];
  return codings !== undefined && codings.trim().toLowerCase() !== "chunked";
}

function codedTransfer(): Refusal {
  const message = "a body may come in chunks, and in no other transfer coding";
  return new Refusal("UNSUPPORTED", message, { status: 501 });
}

/** Bytes of a path: a name of 256 characters and a digest, each of them percent-encoded, are far below. */
const PATH_MAX = 2_048;

function isTooLong({ url = "" }: IncomingMessage): boolean {
  if (url.length <= PATH_MAX) return false;
  const mark = url.indexOf("?");
  return mark < 0 || mark > PATH_MAX;
}

function pathTooLong(): Refusal {
  return new Refusal("NAME_INVALID", `a path has at most ${PATH_MAX} bytes`, { status: 414 });
}

export function wrongMethod(methods: readonly string[]): Refusal {
  const Allow = methods.join(", ");
  return new Refusal("UNSUPPORTED", `this path has the methods ${Allow}`, { headers: { Allow } });
}

export function nothingHere(): Refusal {
  return new Refusal("UNSUPPORTED", "there is nothing here; the registry is below /v2/", {
    status: 404,
  });
}
