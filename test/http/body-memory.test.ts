import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { readBody } from "../../src/http/body.ts";
import { BodyMemory, setStanding } from "../../src/http/body-memory.ts";

const LIMITS = { unknown: 10, claimed: 20, proven: 30 };

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
    const lease = memory.open(incoming);
    await read(incoming, 7);
    expect(memory.heldBytes).toBe(7);
    lease.release();
    lease.release();
    expect(memory.heldBytes).toBe(0);
  });

  test("that is full refuses the next body, which takes nothing", async () => {
    const memory = new BodyMemory(LIMITS);
    const [one, two] = [request(), request()];
    const leases = [memory.open(one), memory.open(two)];
    await read(one, 7);
    await expect(read(two, 4)).rejects.toMatchObject(noRoom);
    expect(memory.heldBytes).toBe(7);
    expect(memory.refused).toBe(1);
    for (const lease of leases) lease.release();
    expect(memory.heldBytes).toBe(0);
  });

  test("that strangers have filled still has room for a key that exists, and more for who proved it", async () => {
    const memory = new BodyMemory(LIMITS);
    const [stranger, claimant, principal, another] = [request(), request(), request(), request()];
    for (const one of [stranger, claimant, principal, another]) memory.open(one);
    setStanding(claimant, "claimed");
    setStanding(principal, "proven");
    await read(stranger, 10);
    await read(claimant, 10);
    await read(principal, 10);
    await expect(read(another, 1)).rejects.toMatchObject(noRoom);
  });
});
