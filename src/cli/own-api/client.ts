import { HelperError, isObject } from "../login/helper.ts";
import { findLogin } from "./credentials.ts";
import { exchange, jsonOf } from "./http.ts";

/** Bytes of an answer, at most. */
const ANSWER_MAX = 64 * 1024 * 1024;

export interface Sent {
  readonly method: "GET" | "POST" | "DELETE";
  /** From the root on, with its query. */
  readonly path: string;
  readonly body?: unknown;
}

/** Berth's own API at one host, with somebody's credentials. */
export interface OwnApi {
  /** The JSON of the answer; undefined when it has none. @throws Error with what the server says, where it refuses */
  call(sent: Sent, signal?: AbortSignal): Promise<unknown>;
}

/**
 * Berth's own API of a host, with the credentials that {@link findLogin} finds. Calls are about `region`, or the one that
 * the server takes by itself. @throws HelperError where there are no credentials
 */
export async function openOwnApi(
  host: string,
  env: NodeJS.ProcessEnv,
  region: string | undefined,
): Promise<OwnApi> {
  const { site, user, password } = await findLogin(host, env);
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return {
    async call({ method, path, body }, signal) {
      const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const headers = {
        authorization,
        ...(content === undefined ? {} : { "content-type": "application/json" }),
      };
      const sent = { method, headers, content, signal, answerMax: ANSWER_MAX };
      const url = new URL(path, site.endpoint);
      if (region !== undefined) url.searchParams.set("region", region);
      const answer = await exchange(url, sent, env);
      const json = jsonOf(answer);
      if (answer.status >= 200 && answer.status < 300) return json;
      throw new HelperError(saidBy(json) ?? `the server answers ${answer.status}`);
    },
  };
}

/** The message of an error body of the distribution specification. */
function saidBy(json: unknown): string | undefined {
  const errors = isObject(json) ? json["errors"] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isObject(first) && typeof first["message"] === "string" ? first["message"] : undefined;
}
