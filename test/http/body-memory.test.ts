import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readBody } from "../../src/http/body.ts";
import { BodyMemory, setStanding } from "../../src/http/body-memory.ts";

const LIMITS = {
  unknown: { all: 10, address: 8 },
  claimed: { all: 10, address: 8 },
  proven: { all: 10, address: 8 },
};

const request = (): IncomingMessage => new IncomingMessage(new Socket());

const noRoom = { code: "UNAVAILABLE", status: 503, headers: { "Retry-After": "1" } };

/** Sends a body of so many bytes; the promise of what its reader gets. */
function read(incoming: IncomingMessage, bytes: number): Promise<Buffer> {
  const body = readBody(incoming, 100);
  incoming.push(Buffer.alloc(bytes));
  incoming.complete = true;
  incoming.push(null);
  return body;
}

describe("memory of bodies", () => {
  test("is held from the first byte until the request has been handled", async () => {
    const memory = new BodyMemory(LIMITS);
    const incoming = request();
    const lease = memory.open(incoming, "a");
    await read(incoming, 7);
    expect(memory.heldBytes).toBe(7);
    lease.release();
    lease.release();
    expect(memory.heldBytes).toBe(0);
  });

  test("that is full refuses the next body, which takes nothing", async () => {
    const memory = new BodyMemory(LIMITS);
    const [one, two] = [request(), request()];
    const leases = [memory.open(one, "a"), memory.open(two, "b")];
    await read(one, 7);
    await expect(read(two, 4)).rejects.toMatchObject(noRoom);
    expect(memory.heldBytes).toBe(7);
    expect(memory.refused).toBe(1);
    for (const lease of leases) lease.release();
    expect(memory.heldBytes).toBe(0);
  });

  test.each(["unknown", "claimed", "proven"] as const)(
    "is each standing's own: %s ones take none of another",
    async (full) => {
      const memory = new BodyMemory(LIMITS);
      const sent = async (standing: "unknown" | "claimed" | "proven", from: string, bytes: number) => {
        const incoming = request();
        memory.open(incoming, from);
        setStanding(incoming, standing);
        return read(incoming, bytes);
      };
      await sent(full, "a", 5);
      await sent(full, "b", 5);
      await expect(sent(full, "c", 1)).rejects.toMatchObject(noRoom);
      for (const other of ["unknown", "claimed", "proven"] as const) {
        if (other !== full) expect(await sent(other, "c", 8)).toHaveLength(8);
      }
    },
  );

  test("of one address leaves room for others, and is there again when it has been released", async () => {
    const memory = new BodyMemory(LIMITS);
    const [one, two, other, again] = [request(), request(), request(), request()];
    const lease = memory.open(one, "a");
    memory.open(two, "a");
    memory.open(other, "b");
    await read(one, 8);
    await expect(read(two, 1)).rejects.toMatchObject(noRoom);
    await read(other, 2);
    lease.release();
    memory.open(again, "a");
    await read(again, 8);
  });

  test("is given back to whom it was taken from, whatever became known of the sender meanwhile", async () => {
    const memory = new BodyMemory(LIMITS);
    const incoming = request();
    const lease = memory.open(incoming, "a");
    await read(incoming, 8);
    setStanding(incoming, "proven");
    lease.release();
    expect(memory.heldBytes).toBe(0);
    const next = request();
    memory.open(next, "a");
    await read(next, 8);
  });
});
