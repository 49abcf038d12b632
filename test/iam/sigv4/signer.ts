import { createHash, createHmac } from "node:crypto";

/**
 * A SigV4 signer of its own: it shares nothing with `src/iam/sigv4`, and builds the canonical request from parameters
 * that it encodes itself instead of from a request on the wire.
 */
export interface ToSign {
  readonly method?: string;
  readonly parameters?: readonly (readonly [string, string])[];
  /** Host among them. Names as they go on the wire. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly keyId: string;
  readonly secret: string;
  readonly region: string;
  readonly service: string;
  readonly date: Date;
  readonly token?: string;
  /** Seconds that a query is good for; 60 unless said. */
  readonly expires?: number;
  /** Says when by `Date` alone, as old clients do. */
  readonly plainDate?: boolean;
}

export interface Signed {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function signInHeader(request: ToSign): Signed {
  const stamp = stampOf(request.date);
  const headers: Record<string, string> = {
    ...request.headers,
    ...(request.plainDate === true ? { Date: request.date.toUTCString() } : { "X-Amz-Date": stamp }),
  };
  if (request.token !== undefined) headers["X-Amz-Security-Token"] = request.token;
  const query = encodePairs(request.parameters ?? []);
  const { signature, names, scope } = sign(request, headers, query, stamp);
  return {
    path: query === "" ? "/" : `/?${query}`,
    headers: {
      ...headers,
      Authorization: `AWS4-HMAC-SHA256 Credential=${request.keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    },
  };
}

export function signInQuery(request: ToSign): Signed {
  const stamp = stampOf(request.date);
  const names = Object.keys(request.headers).map((name) => name.toLowerCase());
  const pairs: [string, string][] = [
    ...(request.parameters ?? []).map(([name, value]): [string, string] => [name, value]),
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${request.keyId}/${scopeOf(request, stamp)}`],
    ["X-Amz-Date", stamp],
    ["X-Amz-Expires", String(request.expires ?? 60)],
    ["X-Amz-SignedHeaders", names.sort().join(";")],
  ];
  if (request.token !== undefined) pairs.push(["X-Amz-Security-Token", request.token]);
  const query = encodePairs(pairs);
  const { signature } = sign(request, request.headers, query, stamp);
  return { path: `/?${query}&X-Amz-Signature=${signature}`, headers: request.headers };
}

function sign(
  request: ToSign,
  headers: Readonly<Record<string, string>>,
  query: string,
  stamp: string,
): { signature: string; names: string; scope: string } {
  const sorted = Object.entries(headers)
    .map(([name, value]): [string, string] => [
      name.toLowerCase(),
      value.replace(/^ +| +$/g, "").replace(/ +/g, " "),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = sorted.map(([name]) => name).join(";");
  let canonical = `${request.method ?? "POST"}\n/\n${query}\n`;
  for (const [name, value] of sorted) canonical += `${name}:${value}\n`;
  canonical += `\n${names}\n${hash(request.body ?? "")}`;
  const scope = scopeOf(request, stamp);
  let key: string | Buffer = `AWS4${request.secret}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${hash(canonical)}`;
  return { signature: createHmac("sha256", key).update(text).digest("hex"), names, scope };
}

function scopeOf({ region, service }: ToSign, stamp: string): string {
  return `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function stampOf(date: Date): string {
  return date.toISOString().replace(/\.\d+/, "").replace(/[-:]/g, "");
}

function hash(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Byte by byte, and sorted as pairs. */
function encodePairs(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(([name, value]) => [encode(name), encode(value)])
    .sort(([a = "", x = ""], [b = "", y = ""]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join("="))
    .join("&");
}

function encode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
