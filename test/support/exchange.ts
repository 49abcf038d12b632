import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import type { TestBerth } from "./berth.ts";

/** A request as it goes on the wire: headers as given (Host too), the path unnormalised. */
export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request whose body the test sends piece by piece. */
export interface OpenRequest {
  readonly outgoing: ClientRequest;
  /** Resolves when the bytes have left this process. */
  send(bytes: Buffer): Promise<void>;
  /** The answer, once the body has ended. */
  end(): Promise<Answer>;
  /** Hangs up within the body. */
  abort(): void;
}

/** One request with the administrator's credentials, unless its headers have others; an empty value sends none. */
export async function exchange(berth: TestBerth, sent: Sent): Promise<Answer> {
  const { outgoing, answer } = begin(berth, sent);
  outgoing.end(sent.body);
  return answer;
}

export function openRequest(berth: TestBerth, sent: Omit<Sent, "body">): OpenRequest {
  const { outgoing, answer } = begin(berth, sent);
  answer.catch(() => undefined);
  outgoing.flushHeaders();
  return {
    outgoing,
    send: (bytes) =>
      new Promise((resolve, reject) => {
        outgoing.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    end() {
      outgoing.end();
      return answer;
    },
    abort: () => void outgoing.destroy(),
  };
}

function begin(
  berth: TestBerth,
  sent: Omit<Sent, "body">,
): { outgoing: ClientRequest; answer: Promise<Answer> } {
  const { hostname, port } = new URL(berth.url);
  const headers: Record<string, string> = { authorization: berth.authorization, ...sent.headers };
  if (headers["authorization"] === "") delete headers["authorization"];
  const outgoing = request({ hostname, port, method: sent.method ?? "GET", path: sent.path, headers });
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (response) => read(response).then(resolve, reject));
  });
  return { outgoing, answer };
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}

/** A row of a table that reads like the specification: what is sent, what is answered. */
export interface Exchange extends Sent {
  readonly name: string;
  readonly status: number;
  /** Headers of the answer; null: it has none of that name. */
  readonly answers?: Readonly<Record<string, string | RegExp | null>>;
  /** Code of the error, and what its message says. */
  readonly code?: string;
  readonly says?: string | RegExp;
  /** The body, as JSON or byte for byte. */
  readonly json?: unknown;
  readonly content?: string | Buffer;
}

/** One test for each row. */
export function testExchanges(berth: TestBerth, table: readonly Exchange[]): void {
  test.each(table)("$name", async (row) => {
    expectAnswer(await exchange(berth, row), row);
  });
}

export function expectAnswer(answer: Answer, row: Omit<Exchange, "name" | "path">): void {
  const text = answer.body.toString();
  expect(answer.status, text).toBe(row.status);
  expect(answer.headers).toMatchObject({
    "docker-distribution-api-version": "registry/2.0",
    "x-request-id": expect.stringMatching(/./),
  });
  for (const [name, wanted] of Object.entries(row.answers ?? {})) {
    const value = answer.headers[name.toLowerCase()];
    if (wanted === null) expect(value, name).toBeUndefined();
    else if (typeof wanted === "string") expect(value, name).toBe(wanted);
    else expect(value, name).toMatch(wanted);
  }
  if (row.method === "HEAD") expect(text).toBe("");
  if (row.json !== undefined) expect(JSON.parse(text)).toEqual(row.json);
  if (row.content !== undefined) expect(answer.body.equals(Buffer.from(row.content)), "content").toBe(true);
  if (row.code !== undefined) expectError(answer, row.code, row.says);
}

/** The error body of the distribution specification, with one error. */
export function expectError(answer: Answer, code: string, says: string | RegExp = /./): void {
  expect(answer.headers["content-type"]).toBe("application/json");
  const { errors } = JSON.parse(answer.body.toString());
  expect(errors).toHaveLength(1);
  expect(errors[0].code).toBe(code);
  expect(errors[0].message).toMatch(says);
}

/** `detail` of the error. */
export function detailOf(answer: Answer): unknown {
  return JSON.parse(answer.body.toString()).errors[0].detail;
}
