import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { makeTestHome, startTestBerth, type TestHome } from "../support/berth.ts";
import { ask, type Reply } from "../support/crash/client.ts";
import { digestOf, dockerPush, type Fact, type Locations } from "../support/crash/pushes.ts";
import { makeSeverable, type Severable } from "../support/crash/severable.ts";
import { postmasterOf, until } from "../support/embedded.ts";
import { startBerthProcess, withDataDir } from "../support/process.ts";

const ROUNDS = 5;
const CLIENTS = 4;
/** Pushes that are acknowledged before each kill. */
const PUSHES = 6;

test("the database is killed under pushes: 503 until it is back, and everything acknowledged is there", () =>
  withDataDir(async (dataDir) => {
    const berth = await startBerthProcess({ dataDir });
    const work = new Pushing(berth.url);
    const clients = Array.from({ length: CLIENTS }, (_, at) => work.run(at));
    for (let round = 1; round <= ROUNDS; round++) {
      const { pushed } = work;
      await until("pushes are acknowledged", () => work.pushed >= pushed + PUSHES);
      const refusals = work.refused;
      const postmaster = await postmasterOf(dataDir);
      work.atNextAnswer = () => killAll(postmaster);
      await until("requests are refused", () => work.refused > refusals);
    }
    const { pushed } = work;
    await until("pushes are acknowledged again", () => work.pushed >= pushed + PUSHES);
    work.stopped = true;
    await Promise.all(clients);
    expect(work.surprises).toEqual([]);
    expect((await berth.fetch("/readyz")).status).toBe(200);
    const lost: string[] = [];
    for (const { path, bytes } of work.acknowledged) {
      const { status, body } = await ask(berth.url, { method: "GET", path });
      if (status !== 200 || bytes === undefined || !body.equals(bytes))
        lost.push(`${path} answers ${status}`);
    }
    expect(lost).toEqual([]);
    expect(berth.output()).not.toContain("request failed");
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

/** The postmaster and whatever it has started: nobody is left to write what only memory has. */
function killAll(postmaster: number): void {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, "utf8").trim().split(" ");
  for (const pid of [postmaster, ...children.map(Number)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone by itself.
    }
  }
}

/** Clients that push one image after another and begin a push anew when it fails. */
class Pushing {
  stopped = false;
  pushed = 0;
  refused = 0;
  /** Called, once, within the very moment in which something is acknowledged. */
  atNextAnswer: (() => void) | undefined;
  readonly acknowledged: Fact[] = [];
  /** Answers that nobody should get. */
  readonly surprises: string[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async run(client: number): Promise<void> {
    for (let count = 0; !this.stopped; count++) {
      const { before, calls } = dockerPush(`crash/${client}-${count}`);
      while (!this.stopped && !(await this.#try([...before, ...calls])));
    }
  }

  async #try(calls: ReturnType<typeof dockerPush>["calls"]): Promise<boolean> {
    const locations: Locations = new Map();
    for (const { request, status, opens, fact } of calls) {
      const asked = request(locations);
      const reply = await ask(this.#url, asked);
      if (reply.status !== status) return this.#note(`${asked.method} ${asked.path}`, reply);
      if (opens !== undefined) locations.set(opens.name, String(reply.headers.location));
      if (fact !== undefined) this.#acknowledge(fact);
    }
    this.pushed++;
    return true;
  }

  #acknowledge(fact: Fact): void {
    this.acknowledged.push(fact);
    this.atNextAnswer?.();
    this.atNextAnswer = undefined;
  }

  /** A crash may forget an upload session; everything else that is no success is 503. */
  #note(call: string, reply: Reply): false {
    const forgotten = reply.status === 404 && reply.body.includes("BLOB_UPLOAD_UNKNOWN");
    const refused = reply.status === 503 && Number(reply.headers["retry-after"]) >= 1;
    if (refused) this.refused++;
    else if (!forgotten) this.surprises.push(`${call} is answered ${reply.status}: ${reply.body}`);
    return false;
  }
}

test("a database that cannot be reached is a 503 at every door, and ends by itself", async () => {
  const { home, way } = await severableHome();
  const berth = await startTestBerth({ home });
  onTestFinished(() => berth.stop());
  const bytes = randomBytes(1000);
  const upload = { method: "POST", path: `/v2/app/blobs/uploads/?digest=${digestOf(bytes)}`, body: bytes };
  expect((await ask(berth.url, upload)).status).toBe(201);
  const reading = { method: "GET", path: `/v2/app/blobs/${digestOf(bytes)}` };

  await way.cut();
  for (const asked of [
    upload,
    reading,
    { method: "GET", path: "/v2/app/tags/list" },
    { method: "GET", path: "/v2/app/manifests/latest" },
    { method: "POST", path: "/v2/app/blobs/uploads/" },
    { method: "DELETE", path: `/v2/app/blobs/${digestOf(bytes)}` },
    { method: "GET", path: "/readyz" },
  ]) {
    const reply = await ask(berth.url, asked);
    expect([reply.status, reply.headers["retry-after"]], `${asked.method} ${asked.path}`).toEqual([503, "1"]);
  }
  expect((await ask(berth.url, { method: "GET", path: "/healthz" })).status).toBe(200);

  await way.mend();
  await until(
    "it is ready",
    async () => (await ask(berth.url, { method: "GET", path: "/readyz" })).status === 200,
  );
  expect((await ask(berth.url, reading)).body.equals(bytes)).toBe(true);
  expect((await ask(berth.url, upload)).status).toBe(201);
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);
});

async function severableHome(): Promise<{ home: TestHome; way: Severable }> {
  const home = await makeTestHome();
  const { main } = home.connection;
  const url = main.connectionString === undefined ? undefined : new URL(main.connectionString);
  const way = await makeSeverable(
    url === undefined
      ? { path: `${main.host}/.s.PGSQL.${main.port ?? 5432}` }
      : { host: url.hostname, port: Number(url.port || 5432) },
  );
  onTestFinished(() => way.close());
  onTestFinished(() => home.remove());
  const through =
    url === undefined
      ? { ...main, host: "127.0.0.1", port: way.port }
      : { connectionString: Object.assign(url, { hostname: "127.0.0.1", port: String(way.port) }).href };
  return { home: { ...home, connection: { main: through, direct: main } }, way };
}
