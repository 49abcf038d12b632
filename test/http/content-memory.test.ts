import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { BodyMemory } from "../../src/http/body-memory.ts";
import { ContentMemory } from "../../src/http/content-memory.ts";

const request = (): IncomingMessage => new IncomingMessage(new Socket());
const LIMITS = { all: 10, address: 6 };

/** Asks for memory; `isHeld` tells whether it has come. */
function ask(memory: ContentMemory, from: string, bytes: number, incoming = request()) {
  const asked = { isHeld: false, give: (): void => undefined, done: Promise.resolve() };
  asked.done = memory.reserve(incoming, from, bytes).then((give) => {
    Object.assign(asked, { isHeld: true, give });
  });
  return asked;
}

/** Lets everything happen that waits for nothing. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("memory of content", () => {
  test("is waited for in order, and given back once", async () => {
    const memory = new ContentMemory(LIMITS);
    const first = ask(memory, "a", 6);
    const large = ask(memory, "b", 6);
    const small = ask(memory, "c", 1);
    await settle();
    // The small one would fit at once, and the large one would wait for ever behind its like.
    expect([first.isHeld, large.isHeld, small.isHeld]).toEqual([true, false, true]);
    first.give();
    first.give();
    await settle();
    expect([large.isHeld, memory.heldBytes]).toEqual([true, 7]);
    large.give();
    small.give();
    expect(memory.heldBytes).toBe(0);
  });

  test("of one address leaves room for others, who are not kept waiting by it", async () => {
    const memory = new ContentMemory(LIMITS);
    const [one, two, three] = [ask(memory, "a", 4), ask(memory, "a", 4), ask(memory, "a", 1)];
    const other = ask(memory, "b", 5);
    await settle();
    expect([one.isHeld, two.isHeld, three.isHeld, other.isHeld]).toEqual([true, false, false, true]);
    one.give();
    await settle();
    expect([two.isHeld, three.isHeld, memory.heldBytes]).toEqual([true, true, 10]);
  });

  test("is not waited for for ever, nor for a client that has gone", async () => {
    const refused = { code: "UNAVAILABLE", status: 503, headers: { "Retry-After": "1" } };
    const memory = new ContentMemory(LIMITS, 1);
    const held = ask(memory, "a", 6);
    await expect(ask(memory, "b", 6).done).rejects.toMatchObject(refused);
    const patient = new ContentMemory(LIMITS, 60_000);
    ask(patient, "a", 6);
    const incoming = request();
    const gone = ask(patient, "b", 6, incoming);
    const next = ask(patient, "b", 4);
    incoming.emit("close");
    await expect(gone.done).rejects.toMatchObject(refused);
    await settle();
    expect([next.isHeld, patient.heldBytes, held.isHeld, memory.heldBytes]).toEqual([true, 10, true, 6]);
  });

  test("is the request's that it was reserved for, until that has been handled", async () => {
    const content = new ContentMemory(LIMITS);
    const bodies = new BodyMemory(undefined, content);
    const lease = bodies.open(request(), "a");
    await lease.reserve(5);
    expect(bodies.heldBytes).toBe(5);
    const late = bodies.open(request(), "a");
    const reserved = late.reserve(5);
    // It was handled, by its deadline, before its turn came.
    late.release();
    lease.release();
    await reserved;
    expect(bodies.heldBytes).toBe(0);
  });
});
