import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { watchedAgent } from "../../../src/adapters/s3/agents.ts";
import { openClients } from "../../../src/adapters/s3/clients.ts";
import { exchange } from "../../../src/adapters/s3/exchange.ts";
import type { S3Config } from "../../../src/config.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe("connections", () => {
  test("a silent one is given up", async () => {
    const url = await serve(() => undefined);
    const agent = watchedAgent(false, 100);
    await expect(exchange(agent, { what: "test", method: "GET", url })).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    agent.destroy();
  });

  test("one that was kept too long does no harm", async () => {
    const url = await serve((response) => response.end("x"));
    const agent = watchedAgent(false, 100);
    for (let round = 0; round < 2; round++) {
      const response = await exchange(agent, { what: "test", method: "GET", url });
      response.resume();
      await once(response, "close");
      await expect.poll(() => Object.keys(agent.freeSockets), { timeout: 60_000 }).toEqual([]);
    }
    agent.destroy();
  });

  test("one that is used again has all its time, whatever the server says of idle ones", async () => {
    const url = await serve((response) => response.end("x"));
    if (server !== undefined) server.keepAliveTimeout = 2000;
    const agent = watchedAgent(false, 10_000);
    const first = await exchange(agent, { what: "test", method: "GET", url });
    expect(first.headers["keep-alive"]).toBe("timeout=2");
    const { socket } = first;
    first.resume();
    await once(first, "close");
    expect(Object.keys(agent.freeSockets).length).toBe(1);
    expect(socket.timeout).toBeLessThan(2000);
    const second = await exchange(agent, { what: "test", method: "GET", url });
    expect(second.socket).toBe(socket);
    expect(socket.timeout).toBe(10_000);
    second.resume();
    agent.destroy();
  });
});

describe("addresses", () => {
  const base: S3Config = {
    ...{
      endpoint: undefined,
      region: "eu-central-1",
      bucket: "layers",
      accessKeyId: "A",
      secretAccessKey: "S",
    },
    ...{ externalEndpoint: undefined, pathStyle: undefined, encryption: undefined },
  };

  test.each<[Partial<S3Config>, string]>([
    [{}, "https://layers.s3.eu-central-1.amazonaws.com/ab/c"],
    [{ region: "xx-new-9" }, "https://layers.s3.xx-new-9.amazonaws.com/ab/c"],
    [{ region: "cn-north-1" }, "https://layers.s3.cn-north-1.amazonaws.com.cn/ab/c"],
    [{ pathStyle: true }, "https://s3.eu-central-1.amazonaws.com/layers/ab/c"],
    [{ endpoint: "http://minio:9000" }, "http://minio:9000/layers/ab/c"],
    [{ endpoint: "http://[::1]:9000" }, "http://[::1]:9000/layers/ab/c"],
    [{ endpoint: "https://s3.example.com", pathStyle: false }, "https://layers.s3.example.com/ab/c"],
  ])("%o is %s", async (changes, expected) => {
    const clients = openClients({ ...base, ...changes });
    const url = new URL(await clients.control.presignedUrl("GET", "layers", "ab/c", 60));
    expect(url.origin + url.pathname).toBe(expected);
    clients.close();
  });
});
