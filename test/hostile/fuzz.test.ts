import { afterAll, expect, test } from "vitest";
import { expectSound } from "../races/invariants.ts";
import { startTestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { openSession, pushBlob, pushImage } from "../support/push.ts";
import { expectHealthy } from "./health.ts";
import { PATIENCE, RawClient } from "./raw.ts";

const REQUESTS = Number(process.env["FUZZ_REQUESTS"] ?? 3_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_260_720);
const CLIENTS = 12;
/** Milliseconds after which a client that got no answer ends its request: what it sent was no whole one. */
const GIVE_UP = 60;

const berth = await startTestBerth();
afterAll(() => berth.stop());

const CONTENT = "fuzzed content";
const DIGEST = await pushBlob(berth, "fuzz/app", CONTENT);
const IMAGE = await pushImage(berth, "fuzz/app", "v1", "fuzz");

/** mulberry32: the same numbers for the same seed, everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Builds requests from a grammar, and then breaks them. */
class Fuzzer {
  readonly #next: () => number;
  readonly #sessions: readonly string[];

  constructor(seed: number, sessions: readonly string[]) {
    this.#next = random(seed);
    this.#sessions = sessions;
  }

  request(): Buffer {
    let text = this.#below(3) === 0 ? this.#good() : this.#wellFormed();
    for (let times = this.#below(4); times > 0; times--) text = this.#mutate(text);
    return Buffer.from(text, "latin1");
  }

  /** One that succeeds as it is. */
  #good(): string {
    const put = (target: string, body: string, ...more: readonly string[]): string =>
      this.#text("PUT", target, [`Content-Length: ${body.length}`, ...more], body);
    const content = `${this.#below(1000)}`;
    const session = `/v2/fuzz/app/blobs/uploads/${this.#of(this.#sessions)}`;
    return this.#of([
      put(
        `/v2/fuzz/app/manifests/t${this.#below(20)}`,
        IMAGE.bytes.toString(),
        `Content-Type: ${IMAGE.mediaType}`,
      ),
      put(
        `/v2/fuzz/app/manifests/${IMAGE.digest}?tag=a&tag=b`,
        IMAGE.bytes.toString(),
        `Content-Type: ${IMAGE.mediaType}`,
      ),
      this.#text("POST", `/v2/fuzz/new/blobs/uploads/?mount=${DIGEST}&from=fuzz/app`, ["Content-Length: 0"]),
      this.#text("PATCH", session, ["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n"),
      this.#text("GET", `/v2/fuzz/app/blobs/${DIGEST}`, ["Range: bytes=1-3"]),
      this.#text("GET", `/v2/fuzz/app/manifests/v1`, []),
      this.#text("GET", "/v2/fuzz/app/tags/list?n=2", []),
      this.#text(
        "POST",
        `/v2/fuzz/new/blobs/uploads/?digest=${digestOfText(content)}`,
        [`Content-Length: ${content.length}`],
        content,
      ),
    ]);
  }

  #text(method: string, target: string, headers: readonly string[], body = ""): string {
    const lines = ["Host: localhost", `Authorization: ${berth.authorization}`, ...headers];
    return `${method} ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
  }

  #wellFormed(): string {
    const body = this.#body();
    const framing = this.#of([
      `Content-Length: ${body.length}`,
      `Content-Length: ${body.length}`,
      "Transfer-Encoding: chunked",
      `Content-Length: ${this.#number()}`,
    ]);
    const framed = framing.startsWith("T") ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
    const method = this.#of([
      "GET",
      "HEAD",
      "PUT",
      "PUT",
      "POST",
      "POST",
      "PATCH",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "TRACE",
    ]);
    const headers = [framing];
    for (let more = this.#below(4); more > 0; more--) headers.push(this.#header());
    return this.#text(method, this.#target(), headers, framed);
  }

  #target(): string {
    const name = this.#of(["fuzz/app", "fuzz/app", "fuzz/new", "fuzz", "FUZZ", "", "a/../b", this.#noise()]);
    const tail = this.#of([
      `manifests/${this.#reference()}`,
      `manifests/${this.#reference()}`,
      `blobs/${this.#reference()}`,
      `blobs/${DIGEST}`,
      "blobs/uploads/",
      "blobs/uploads",
      `blobs/uploads/${this.#of(this.#sessions)}`,
      `blobs/uploads/${this.#of(this.#sessions)}`,
      `blobs/uploads/${this.#noise()}`,
      "tags/list",
      `referrers/${this.#reference()}`,
      "_catalog",
      this.#noise(),
    ]);
    const path = this.#of([
      `/v2/${name}/${tail}`,
      `/v2/${name}/${tail}`,
      `/v2/${name}/${tail}`,
      `/v2/${tail}`,
      `/${tail}`,
    ]);
    const query = Array.from({ length: this.#below(4) }, () => this.#parameter());
    return query.length === 0 ? path : `${path}?${query.join("&")}`;
  }

  #parameter(): string {
    const key = this.#of([
      "digest",
      "mount",
      "from",
      "n",
      "last",
      "tag",
      "artifactType",
      "digest-algorithm",
      this.#noise(),
    ]);
    return `${key}=${this.#of([this.#reference(), this.#number(), "fuzz/app", "sha512", "", this.#noise()])}`;
  }

  #reference(): string {
    const fits = [DIGEST, IMAGE.digest, "v1", `t${this.#below(20)}`, digestOfText(`${this.#below(3)}`)];
    return this.#of([...fits, "sha256:abc", `sha512:${"0".repeat(128)}`, this.#noise()]);
  }

  #number(): string {
    return this.#of([
      "0",
      "1",
      "-1",
      "3",
      "14",
      "100",
      "1e9",
      "4294967296",
      "9007199254740993",
      "18446744073709551616",
      "0x10",
      "",
    ]);
  }

  #header(): string {
    const range = `${this.#number()}-${this.#number()}`;
    return this.#of([
      `Range: bytes=${range}`,
      `Content-Range: ${range}`,
      `Content-Type: ${this.#of([IMAGE.mediaType, "application/octet-stream", "application/json", "text/html", this.#noise()])}`,
      `If-None-Match: ${this.#of(["*", `"${IMAGE.digest}"`, '"', this.#noise()])}`,
      `If-Match: ${this.#of(["*", `"${IMAGE.digest}"`, this.#noise()])}`,
      `If-Range: ${this.#noise()}`,
      `Host: ${this.#of(["000000000000.dkr.ecr.us-east-1.x", "111111111111.dkr.ecr.us-east-1.x", this.#noise()])}`,
      "Expect: 100-continue",
      "Connection: close",
      "Connection: Upgrade\r\nUpgrade: h2c",
      `Transfer-Encoding: ${this.#of(["chunked", "identity", "gzip"])}`,
      `X-Forwarded-Proto: ${this.#noise()}`,
      `${this.#noise()}: ${this.#noise()}`,
      `Accept: ${"a".repeat(this.#below(3000))}`,
    ]);
  }

  #body(): string {
    const { bytes } = IMAGE;
    return this.#of([
      "",
      "",
      "0",
      CONTENT,
      bytes.toString("latin1"),
      bytes.toString("latin1"),
      JSON.stringify({ schemaVersion: 2, mediaType: IMAGE.mediaType, [this.#noise()]: this.#noise() }),
      this.#noise().repeat(this.#below(2000)),
    ]);
  }

  #noise(): string {
    const pieces = [
      "a",
      "A",
      "0",
      "/",
      "..",
      "%00",
      "%2f",
      "%",
      "%ff",
      "%c0%ae",
      "\xff",
      "\0",
      " ",
      "\t",
      "\r",
      "\n",
      "\r\n",
    ];
    const more = [
      ";",
      ":",
      "\\",
      "?",
      "#",
      "&",
      "=",
      '"',
      "'",
      "{",
      "[",
      "*",
      "__proto__",
      "constructor",
      "sha256:",
      "_",
      "-",
      ".",
    ];
    return Array.from({ length: this.#below(5) }, () => this.#of([...pieces, ...more])).join("");
  }

  #mutate(text: string): string {
    const at = this.#below(text.length);
    const length = 1 + this.#below(8);
    switch (this.#below(7)) {
      case 0:
        return text.slice(0, at) + text.slice(at + length);
      case 1:
        return text.slice(0, at) + this.#noise() + text.slice(at);
      case 2:
        return text.slice(0, at) + text.slice(at, at + length).repeat(1 + this.#below(40)) + text.slice(at);
      case 3:
        return text.slice(0, at);
      case 4:
        return text.slice(0, at) + String.fromCharCode(this.#below(256)) + text.slice(at + 1);
      case 5:
        return text + this.#wellFormed();
      default:
        return text.replace(
          "HTTP/1.1",
          this.#of(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/0.9", "", "http/1.1"]),
        );
    }
  }

  #of<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }
}

/** A transfer coding beside chunks, which Berth does not undo (RFC 9112, section 6.1). */
const UNKNOWN_CODING = /^transfer-encoding:(?![ \t]*chunked[ \t]*\r$)/im;

/** The end of a request line of another major version, which Berth does not speak (RFC 9110, section 15.6.6). */
const OTHER_VERSION = / HTTP\/(?!1\.)\d\.\d\r$/m;

/** Sends one request on a connection of its own; everything that came back before it ended. */
async function attempt(bytes: Buffer): Promise<string> {
  const client = new RawClient(berth.url).send(bytes);
  const giveUp = setTimeout(() => client.socket.end(), GIVE_UP);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`nothing came of ${JSON.stringify(bytes.toString("latin1"))}`)),
      PATIENCE,
    );
  });
  try {
    await Promise.race([client.closed, late]);
    return client.pending.toString("latin1");
  } finally {
    clearTimeout(giveUp);
    clearTimeout(timer);
    client.close();
  }
}

test(`${REQUESTS} random requests are answered or hung up on, and none of them is a bug (seed ${SEED})`, async () => {
  const sessions: string[] = [];
  for (let at = 0; at < 20; at++)
    sessions.push((await openSession(berth, "fuzz/app")).split("/").at(-1) ?? "");
  const fuzzer = new Fuzzer(SEED, sessions);
  const statuses = new Map<string, number>();
  const before = process.memoryUsage().rss;
  let sent = 0;
  const work = async (): Promise<void> => {
    while (sent < REQUESTS) {
      sent++;
      const bytes = fuzzer.request();
      const answers = await attempt(bytes);
      const said = Array.from(answers.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status = ""]) => status);
      for (const status of said) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const text = bytes.toString("latin1");
      // Nothing behind a body that nobody can delimit is taken for a request.
      if (said.at(-1) === "501" && UNKNOWN_CODING.test(text)) said.pop();
      const rest = OTHER_VERSION.test(text) ? said.filter((status) => status !== "505") : said;
      for (const status of rest) expect(Number(status), text).toBeLessThan(500);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  // Most of them got far enough to be worth it.
  for (const status of ["200", "201", "202", "400", "404", "405"])
    expect(statuses.get(status) ?? 0, status).toBeGreaterThan(5);
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  await expectHealthy(berth);
  await expectSound(berth);
  expectAnswer(
    await exchange(berth, { path: `/v2/fuzz/app/blobs/${await pushBlob(berth, "fuzz/app", "after")}` }),
    {
      status: 200,
      content: "after",
    },
  );
});
