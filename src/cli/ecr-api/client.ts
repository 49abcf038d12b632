import { HelperError, isObject, signPost } from "../login/helper.ts";
import { findLogin, type HostLogin } from "../own-api/credentials.ts";
import { exchange, type HttpAnswer, jsonOf } from "../own-api/http.ts";
import type { EcrInput, EcrOperation, EcrOutput } from "./wire.ts";

const TARGET = "AmazonEC2ContainerRegistry_V20150921";
const CONTENT_TYPE = "application/x-amz-json-1.1";
/** Bytes of an answer, at most: a hundred manifests of the largest size would be more than anybody has. */
const ANSWER_MAX = 64 * 1024 * 1024;

/** What the API says instead of a result. */
export class EcrError extends Error {
  override readonly name = "EcrError";
  /** Such as `RepositoryNotFoundException`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The ECR API of one host, with somebody's credentials. */
export interface EcrApi {
  readonly host: string;
  readonly region: string;
  /** @throws EcrError where the API refuses; HelperError where it is not reached */
  call<Name extends EcrOperation>(operation: Name, input: EcrInput<Name>): Promise<EcrOutput<Name>>;
  /** What a URL of the API leads to, at most `max` bytes. It carries its permission: no credentials go along. */
  download(url: string, max: number): Promise<Buffer>;
}

/**
 * The ECR API of a host, with the credentials that {@link findLogin} finds; in the account that a host of ECR's form
 * names, else in the caller's.
 * @throws HelperError where there are none, or none to sign with
 */
export async function openEcrApi(
  host: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<EcrApi> {
  const login = await findLogin(host, env);
  const { account, endpoint, region } = login.site;
  const keys = keysOf(login);
  return {
    ...{ host, region },
    async call(operation, input) {
      const body = JSON.stringify(account === undefined ? input : { registryId: account, ...input });
      const url = new URL("/", endpoint);
      const named = { "content-type": CONTENT_TYPE, "x-amz-target": `${TARGET}.${operation}` };
      const toSign = { host: url.host, headers: named, body, service: "ecr", region };
      const headers = { ...named, ...signPost(toSign, keys, new Date()) };
      const content = Buffer.from(body);
      const sent = { method: "POST", headers, content, answerMax: ANSWER_MAX, signal } as const;
      const answer = await exchange(url, sent, env);
      if (answer.status === 200) return jsonOf(answer) as EcrOutput<typeof operation>;
      throw errorOf(answer);
    },
    async download(url, max) {
      const answer = await exchange(new URL(url), { method: "GET", answerMax: max, signal }, env);
      if (answer.status === 200) return answer.body;
      throw new HelperError(`${new URL(url).host} answers ${answer.status} to a download`);
    },
  };
}

function keysOf({ site, user, password }: HostLogin) {
  // The user of registry tokens, which nothing can be signed with.
  if (user === "AWS") {
    throw new HelperError(
      `what docker has for ${site.host} is a token, and this takes an access key; run: berth login ${site.host}`,
    );
  }
  const [secretAccessKey = "", ...token] = password.split(".");
  return {
    ...{ accessKeyId: user, secretAccessKey },
    sessionToken: token.length === 0 ? undefined : token.join("."),
  };
}

function errorOf(answer: HttpAnswer): Error {
  const json = jsonOf(answer);
  const { __type: type, message } = isObject(json) ? json : {};
  if (typeof type !== "string") return new HelperError(`the server answers ${answer.status}`);
  const code = type.slice(type.lastIndexOf("#") + 1);
  const said = typeof message === "string" && message !== "" ? message : code;
  const id = answer.headers["x-amzn-requestid"];
  const isExplained = code === "AccessDeniedException" && typeof id === "string";
  return new EcrError(code, isExplained ? `${said} (berth explain --id ${id} says why)` : said);
}
