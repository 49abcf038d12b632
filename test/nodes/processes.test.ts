import { createHash, randomBytes } from "node:crypto";
import { type IncomingMessage, request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { ADMINISTRATOR, basic } from "../support/berth.ts";
import { ask, type Reply } from "../support/crash/client.ts";
import { digestOf, dockerPush, type Fact, type Locations } from "../support/crash/pushes.ts";
import { until } from "../support/embedded.ts";
import { type BerthProcess, startBerthProcess } from "../support/process.ts";
import { makeSharedHome, type SharedHome, STORAGES, urlOf } from "./two-nodes.ts";

const MiB = 1024 * 1024;
/** Odd sizes: less than a part, parts with remainders, remainders that become parts. */
const SIZES = [1, 5 * MiB - 1, 3, 8 * MiB + 7, 2, 5 * MiB, 1];
const CLIENTS = 4;
/** Pushes that must get through between one step of a restart and the next. */
const PUSHES = 5;

describe.each(STORAGES)("two server processes on one Postgres and one storage: %s", (storage) => {
  test("requests of one session alternate between them, and the bytes are those that were sent", async () => {
    const shared = await makeSharedHome(storage);
    const [a, b] = await Promise.all([startOn(shared), startOn(shared)]);
    const bytes = randomBytes(SIZES.reduce((sum, size) => sum + size, 0));
    const session = await openOn(a);
    let sent = 0;
    for (const [at, size] of SIZES.entries()) {
      const node = at % 2 === 0 ? b : a;
      const body = bytes.subarray(sent, sent + size);
      // Every other one says where it belongs.
      const headers: Record<string, string> =
        at % 2 === 0 ? {} : { "content-range": `${sent}-${sent + size - 1}` };
      const reply = await ask(node.url, { method: "PATCH", path: session, body, headers });
      sent += size;
      expect([reply.status, reply.headers["range"]], reply.body.toString()).toEqual([202, `0-${sent - 1}`]);
      const state = await ask((node === a ? b : a).url, { method: "GET", path: session });
      expect([state.status, state.headers["range"]]).toEqual([204, `0-${sent - 1}`]);
    }
    await expectCompleted(a, b, session, digestOf(bytes), bytes);
  });

  test("a PUT on the third request's node names a digest of another algorithm than the session began with", async () => {
    const shared = await makeSharedHome(storage);
    const [a, b] = await Promise.all([startOn(shared), startOn(shared)]);
    const bytes = randomBytes(9 * MiB + 1);
    const session = await openOn(a);
    const parts = [bytes.subarray(0, 9 * MiB), bytes.subarray(9 * MiB)];
    for (const [at, body] of parts.entries()) {
      const node = at === 0 ? b : a;
      expect((await ask(node.url, { method: "PATCH", path: session, body })).status).toBe(202);
    }
    const digest = `sha512:${createHash("sha512").update(bytes).digest("hex")}`;
    await expectCompleted(a, b, session, digest, bytes);
  });

  test("a rolling restart under load loses nothing, and no client sees an error that is not its connection's", async () => {
    const shared = await makeSharedHome(storage);
    const nodes = await Promise.all([startOn(shared), startOn(shared)]);
    const load = new Load(() => nodes.map(({ url }) => url));
    const clients = Array.from({ length: CLIENTS }, (_, at) => load.run(at));
    for (const [at, node] of nodes.entries()) {
      await load.more(PUSHES);
      const slow = await beginPatch(node, await openOn(node), randomBytes(200_000));
      const ended = node.end("SIGTERM");
      await until(
        "it drains",
        async () => (await ask(node.url, { method: "GET", path: "/readyz" })).status === 503,
      );
      expect((await slow.finish()).statusCode, "an upload under way is taken to its end").toBe(202);
      expect(await ended).toBe(0);
      await load.more(PUSHES);
      nodes[at] = await startOn(shared);
    }
    await load.more(PUSHES);
    load.stopped = true;
    await Promise.all(clients);
    expect(load.surprises).toEqual([]);
    const lost: string[] = [];
    for (const [at, { path, bytes }] of load.acknowledged.entries()) {
      const { status, body } = await ask(nodes[at % 2]?.url ?? "", { method: "GET", path });
      if (status !== 200 || bytes === undefined || !body.equals(bytes))
        lost.push(`${path} answers ${status}`);
    }
    expect(lost).toEqual([]);
  });
});

async function startOn({ home, objects }: SharedHome): Promise<BerthProcess> {
  const node = await startBerthProcess({
    dataDir: home.dataDir,
    env: {
      BERTH_DATABASE_URL: urlOf(home.connection),
      BERTH_MASTER_KEY: home.config.masterKey?.toString("base64") ?? "",
      ...objects.env,
    },
  });
  onTestFinished(async () => void (await node.end("SIGKILL")));
  return node;
}

async function openOn({ url }: BerthProcess): Promise<string> {
  const opened = await ask(url, { method: "POST", path: "/v2/app/blobs/uploads/" });
  expect(opened.status).toBe(202);
  return String(opened.headers.location);
}

/** A PATCH of which the server has the first half. */
async function beginPatch(
  { url }: BerthProcess,
  session: string,
  body: Buffer,
): Promise<{ finish(): Promise<IncomingMessage> }> {
  const outgoing = request(new URL(session, url), {
    method: "PATCH",
    agent: false,
    headers: {
      authorization: basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey),
      "content-length": body.length,
    },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("error", reject).once("response", (response) => resolve(response.resume()));
  });
  answer.catch(() => undefined);
  const half = Math.floor(body.length / 2);
  await new Promise((resolve) => outgoing.write(body.subarray(0, half), resolve));
  return {
    finish() {
      outgoing.end(body.subarray(half));
      return answer;
    },
  };
}

async function expectCompleted(
  a: BerthProcess,
  b: BerthProcess,
  session: string,
  digest: string,
  bytes: Buffer,
): Promise<void> {
  const completed = await ask(a.url, { method: "PUT", path: `${session}?digest=${digest}` });
  expect(completed.status, completed.body.toString()).toBe(201);
  for (const { url } of [a, b]) {
    const { status, body } = await ask(url, { method: "GET", path: `/v2/app/blobs/${digest}` });
    expect([status, body.equals(bytes)]).toEqual([200, true]);
  }
}

/** Clients that push one image after another, each request to the next node; one whose connection broke begins anew. */
class Load {
  stopped = false;
  pushed = 0;
  readonly acknowledged: Fact[] = [];
  readonly surprises: string[] = [];
  readonly #urls: () => readonly string[];
  #requests = 0;

  constructor(urls: () => readonly string[]) {
    this.#urls = urls;
  }

  async run(client: number): Promise<void> {
    for (let count = 0; !this.stopped; count++) {
      const { before, calls } = dockerPush(`rolling/${client}-${count}`);
      while (!this.stopped && !(await this.#push([...before, ...calls])));
    }
  }

  more(pushes: number): Promise<void> {
    const wanted = this.pushed + pushes;
    return until(`${pushes} more pushes`, () => this.pushed >= wanted);
  }

  async #push(calls: ReturnType<typeof dockerPush>["calls"]): Promise<boolean> {
    const locations: Locations = new Map();
    for (const { request, status, opens, fact } of calls) {
      const asked = request(locations);
      const reply = await this.#ask(asked);
      if (reply === undefined) return false;
      if (reply.status !== status) {
        this.surprises.push(`${asked.method} ${asked.path} is answered ${reply.status}: ${reply.body}`);
        return false;
      }
      if (opens !== undefined) locations.set(opens.name, String(reply.headers.location));
      if (fact !== undefined) this.acknowledged.push(fact);
    }
    this.pushed++;
    return true;
  }

  /** As a balancer does: a node that takes no connection is passed over. */
  async #ask(asked: Parameters<typeof ask>[1]): Promise<Reply | undefined> {
    const urls = this.#urls();
    for (let tries = 0; tries < urls.length; tries++) {
      try {
        return await ask(urls[this.#requests++ % urls.length] ?? "", asked);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") return undefined;
      }
    }
    return undefined;
  }
}
