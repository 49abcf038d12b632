import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PipelinedReader } from "../../../src/adapters/postgres/pipelined-reader.ts";
import type { Statement } from "../../../src/adapters/postgres/statement.ts";
import { createDatabase } from "../../support/berth.ts";
import { makeSeverable, type Severable } from "../../support/crash/severable.ts";

const ONE = { name: "reader_one", text: "SELECT $1::text AS said" };
const WIRE = { name: "reader_wire", text: "SELECT pg_backend_pid() AS pid" };
const FALLBACK = [{ said: "by the pool" }];

let way: Severable;
let reader: PipelinedReader;
/** The way to the database that is not cut. */
let direct: pg.ClientConfig;
let close: () => Promise<unknown>;
/** What went to the pool, and what was heard of lost connections. */
let pooled: string[];
let errors: Error[];

beforeEach(async () => {
  const { connection, drop } = await createDatabase();
  direct = connection.main;
  const { host, port, user, password, database } = new pg.Client(direct);
  way = await makeSeverable(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  [pooled, errors] = [[], []];
  const fallback = async (statement: Statement): Promise<readonly never[]> => {
    pooled.push(statement.name);
    return FALLBACK as unknown as readonly never[];
  };
  const config = { user, database, host: "127.0.0.1", port: way.port, ...(password && { password }) };
  reader = new PipelinedReader(config, fallback, (error) => errors.push(error));
  close = async () => {
    await reader.close();
    await way.close();
    await drop();
  };
});
afterEach(async () => {
  vi.restoreAllMocks();
  await close();
});

const said = (text: string) => reader.read<{ said: string }>(ONE, [text]);
const backend = async () => (await reader.read<{ pid: number }>(WIRE, []))[0]?.pid;

test("reads that begin together share one connection, and each has its own answer", async () => {
  const texts = Array.from({ length: 256 }, (_, at) => String(at));
  const answers = Promise.all(texts.map(said));
  expect(reader.inFlight).toBe(256);
  expect(await answers).toEqual(texts.map((text) => [{ said: text }]));
  expect(await backend()).toBe(await backend());
  expect([reader.inFlight, reader.spilled, pooled]).toEqual([0, 0, []]);
});

test("those beyond 256 go to the pool", async () => {
  const answers = await Promise.all(Array.from({ length: 260 }, (_, at) => said(String(at))));
  expect(answers.slice(256)).toEqual(Array(4).fill(FALLBACK));
  expect([reader.inFlight, reader.spilled, pooled.length]).toEqual([0, 4, 4]);
  expect(await said("again")).toEqual([{ said: "again" }]);
});

test("a refusal of the database is told, and is nothing to do again", async () => {
  await expect(reader.read({ name: "reader_wrong", text: "SELECT 1/0" }, [])).rejects.toThrow("division");
  expect([reader.inFlight, reader.spilled, pooled]).toEqual([0, 0, []]);
});

test("reads that are lost with their connection are done again by the pool, and the next one has another", async () => {
  const before = await backend();
  const lost = reader.read({ name: "reader_slow", text: "SELECT pg_sleep(60)" }, []);
  await new Promise(setImmediate);
  await way.cut();
  expect(await lost).toEqual(FALLBACK);
  expect(errors).toHaveLength(1);
  expect([reader.inFlight, reader.spilled, pooled]).toEqual([0, 1, ["reader_slow"]]);
  await way.mend();
  expect(await said("after")).toEqual([{ said: "after" }]);
  expect(await backend()).not.toBe(before);
  expect(reader.spilled).toBe(1);
});

test("where no connection can be made, it is tried again after a fifth of a second, and the pool serves meanwhile", async () => {
  let now = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  await way.cut();
  expect(await said("refused")).toEqual(FALLBACK);
  await way.mend();
  now = 1_199;
  expect(await said("too early")).toEqual(FALLBACK);
  expect(reader.spilled).toBe(2);
  now = 1_200;
  expect(await said("in time")).toEqual([{ said: "in time" }]);
  expect([reader.spilled, pooled.length, errors]).toEqual([2, 2, []]);
});

test("a connection that the database ends in order is replaced, and one that we end is no failure", async () => {
  const before = await backend();
  const client = new pg.Client(direct);
  await client.connect();
  await client.query("SELECT pg_terminate_backend($1)", [before]);
  await client.end();
  await vi.waitFor(() => expect(errors).not.toEqual([]));
  expect(await backend()).not.toBe(before);
  const heard = errors.length;
  await reader.close();
  await way.cut();
  await new Promise(setImmediate);
  expect(errors).toHaveLength(heard);
});
