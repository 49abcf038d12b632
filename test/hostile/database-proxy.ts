import { connect, createServer, type Socket } from "node:net";
import type pg from "pg";

/**
 * What happens to connections: they go through, they are cut and new ones refused, nothing moves any more, or a server
 * without room for more refuses new ones in its own words.
 */
type Mode = "open" | "cut" | "hang" | "full";

/** Stands between Berth and PostgreSQL, and can be in the way. */
export interface DatabaseProxy {
  readonly connection: pg.ClientConfig;
  set(mode: Mode): void;
  close(): Promise<void>;
}

export async function startDatabaseProxy(server: pg.ClientConfig): Promise<DatabaseProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: Mode = "open";
  const proxy = createServer((client) => {
    if (mode === "cut") return void client.destroy();
    if (mode === "full") {
      client.on("error", () => undefined).resume();
      return void client.end(fatal("53300", "sorry, too many clients already"));
    }
    const upstream = connect(addressOf(server));
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on("error", () => undefined);
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.on("data", (bytes) => to.write(bytes));
    }
    if (mode === "hang") halt(pair);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as { port: number };
  return {
    connection: through(server, port),
    set(wanted) {
      mode = wanted;
      for (const pair of pairs) {
        if (mode === "cut") for (const socket of pair) socket.destroy();
        else if (mode === "hang") halt(pair);
        else for (const socket of pair) socket.resume();
      }
    },
    async close() {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

/** PostgreSQL's ErrorResponse (protocol 3.0, "Message Formats"). */
function fatal(state: string, text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${state}\0M${text}\0\0`);
  const head = Buffer.from("E\0\0\0\0");
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

function halt(pair: readonly [Socket, Socket]): void {
  for (const socket of pair) socket.pause();
}

function addressOf({
  connectionString,
  host = "",
  port = 5432,
}: pg.ClientConfig): { host: string; port: number } | { path: string } {
  if (connectionString !== undefined) {
    const url = new URL(connectionString);
    return { host: url.hostname, port: Number(url.port || 5432) };
  }
  return host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
}

function through(server: pg.ClientConfig, port: number): pg.ClientConfig {
  if (server.connectionString === undefined) return { ...server, host: "127.0.0.1", port };
  const url = new URL(server.connectionString);
  url.hostname = "127.0.0.1";
  url.port = String(port);
  return { ...server, connectionString: url.href };
}
