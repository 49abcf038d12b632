import { Client, type Endpoint } from "../client/client.ts";

/** One unit of work of a scenario; resolves with the bytes of image content that it moved. */
export type Operation = (client: Client, index: number) => Promise<number>;

/** What a load did. */
export interface Load {
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Users that begin an operation as soon as their last one ended, for about `seconds`; the last ones are waited for. */
export function loadFor(
  endpoint: Endpoint,
  users: number,
  seconds: number,
  operation: Operation,
): Promise<Load> {
  const end = performance.now() + seconds * 1000;
  return run(endpoint, users, () => performance.now() < end, operation);
}

/** `count` operations, shared by the users. */
export function loadOf(
  endpoint: Endpoint,
  users: number,
  count: number,
  operation: Operation,
): Promise<Load> {
  return run(endpoint, Math.min(users, count), (begun) => begun < count, operation);
}

/** @throws Error of the first operation that fails, after the others have ended */
async function run(
  endpoint: Endpoint,
  users: number,
  more: (begun: number) => boolean,
  operation: Operation,
): Promise<Load> {
  let begun = 0;
  let bytes = 0;
  let failed = false;
  const use = async (client: Client): Promise<void> => {
    try {
      while (!failed && more(begun)) {
        const moved = await operation(client, begun++);
        bytes += moved;
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      client.close();
    }
  };
  const start = performance.now();
  const ends = await Promise.allSettled(Array.from({ length: users }, () => use(new Client(endpoint))));
  const seconds = (performance.now() - start) / 1000;
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return { operations: begun, bytes, seconds };
}
