import type { IncomingMessage } from "node:http";
import { type ParameterLimits, Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import { readBody } from "../body.ts";
import { Refusal } from "../refusal.ts";

/** How a client proves who it is to the token service. */
export type Proof =
  | { readonly kind: "none" }
  /** An `Authorization` header, or what came in a form in its place. */
  | { readonly kind: "header"; readonly authorization: string }
  | { readonly kind: "refresh"; readonly token: string };

export interface TokenInput {
  readonly proof: Proof;
  readonly scopes: readonly string[];
  /** Whether a refresh token is wanted. */
  readonly offline: boolean;
}

const BODY_MAX = 64 * 1024;
/** A scope each for as many repositories as a token may name, and a few parameters besides. */
const FORM_LIMITS: ParameterLimits = { status: 413, count: 100, nameBytes: 256, valueBytes: BODY_MAX };

/**
 * GET with a query (Docker token specification), or POST with a form (its OAuth 2 variant).
 * @throws Refusal 400, 405, 413 or 415
 */
export async function readTokenInput(request: IncomingMessage): Promise<TokenInput> {
  if (request.method === "GET") {
    const { authorization } = request.headers;
    const proof: Proof = authorization === undefined ? { kind: "none" } : { kind: "header", authorization };
    return inputOf(Parameters.parse(queryText(request.url), QUERY_LIMITS), proof);
  }
  if (request.method !== "POST") {
    throw new Refusal("UNSUPPORTED", "the token service takes GET and POST", {
      headers: { Allow: "GET, POST, OPTIONS" },
    });
  }
  if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) {
    const message = "the token service takes forms: application/x-www-form-urlencoded";
    throw new Refusal("UNSUPPORTED", message, { status: 415 });
  }
  const form = Parameters.parse(await readBody(request, BODY_MAX), FORM_LIMITS);
  return inputOf(form, proofOf(form));
}

function inputOf(parameters: Parameters, proof: Proof): TokenInput {
  const offline = parameters.get("offline_token") === "true" || parameters.get("access_type") === "offline";
  return { proof, scopes: parameters.getAll("scope"), offline };
}

function proofOf(form: Parameters): Proof {
  const grant = form.get("grant_type");
  if (grant === "refresh_token") return { kind: "refresh", token: need(form, "refresh_token") };
  if (grant === "password") {
    const user = need(form, "username");
    if (user.includes(":")) throw badRequest("a username has no colon");
    const pair = Buffer.from(`${user}:${need(form, "password")}`);
    return { kind: "header", authorization: `Basic ${pair.toString("base64")}` };
  }
  throw badRequest("grant_type must be password or refresh_token");
}

function need(form: Parameters, name: string): string {
  const value = form.get(name);
  if (value === null) throw badRequest(`the form has no ${name}`);
  return value;
}

function badRequest(message: string): Refusal {
  return new Refusal("UNSUPPORTED", message, { status: 400 });
}
