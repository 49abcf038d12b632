import { connect, createServer, type NetConnectOpts, type Socket } from "node:net";

/** What clients asked of a PostgreSQL server. */
export interface Counts {
  /** Statements executed, BEGIN and COMMIT among them. */
  statements: number;
  /** Times that a client waited for an answer, given that it has nothing else under way. */
  roundTrips: number;
}

export interface CountingProxy {
  readonly port: number;
  readonly counts: Counts;
  close(): Promise<void>;
}

/** A door to a PostgreSQL server that counts what goes through. */
export async function openCountingProxy(server: NetConnectOpts): Promise<CountingProxy> {
  const counts: Counts = { statements: 0, roundTrips: 0 };
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server);
    const messages = new MessageTypes((type) => count(counts, type));
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket.setNoDelay(true));
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (bytes: Buffer) => messages.feed(bytes));
    client.pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    counts,
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

/** Query stands for itself; Execute is the statement and Sync the wait of the extended protocol. */
function count(counts: Counts, type: string): void {
  if (type === "Q" || type === "E") counts.statements++;
  if (type === "Q" || type === "S") counts.roundTrips++;
}

/** Types of the messages in a client's byte stream: a type and a length each, but for the first, which has no type. */
class MessageTypes {
  readonly #onType: (type: string) => void;
  #pending: Buffer = Buffer.alloc(0);
  #typeBytes = 0;
  #skip = 0;

  constructor(onType: (type: string) => void) {
    this.#onType = onType;
  }

  feed(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    for (;;) {
      const skipped = Math.min(this.#skip, this.#pending.length);
      this.#skip -= skipped;
      this.#pending = this.#pending.subarray(skipped);
      const header = this.#typeBytes + 4;
      if (this.#skip > 0 || this.#pending.length < header) return;
      if (this.#typeBytes === 1) this.#onType(this.#pending.toString("latin1", 0, 1));
      this.#skip = this.#typeBytes + this.#pending.readUInt32BE(this.#typeBytes);
      this.#typeBytes = 1;
    }
  }
}
