import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What a receiver of webhooks got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** What it says to a delivery; 204 unless a test changes it. It may take its time. */
  answer: (got: Received) => number | Promise<number>;
  close(): Promise<void>;
}

/** Somebody who is told of events, on this machine. */
export async function startReceiver(): Promise<Receiver> {
  const receiver = { received: [] as Received[], answer: (_: Received): number | Promise<number> => 204 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", async () => {
      const body = Buffer.concat(chunks).toString();
      const got = { path: request.url ?? "", headers: request.headers, body };
      receiver.received.push(got);
      response.writeHead(await receiver.answer(got), { location: "/elsewhere" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
