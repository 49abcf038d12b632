import { expect, test } from "vitest";
import { digestOf } from "../support/crash/pushes.ts";
import { exchange, expectError } from "../support/exchange.ts";
import { openSession } from "../support/push.ts";
import { makeSharedHome, STORAGES, startNodeOn } from "./two-nodes.ts";

const digest = (text: string): string => digestOf(Buffer.from(text));

test.each(STORAGES)(
  "requests of one session may go to any node in any order, whatever each remembers (%s)",
  async (storage) => {
    const { home } = await makeSharedHome(storage);
    const [a, b] = [await startNodeOn(home), await startNodeOn(home)];
    const patch = (node: typeof a, path: string, body: string) =>
      exchange(node, { method: "PATCH", path, body });
    const put = (node: typeof a, path: string, text: string, body?: string) =>
      exchange(node, {
        method: "PUT",
        path: `${path}?digest=${digest(text)}`,
        ...(body === undefined ? {} : { body }),
      });

    // Opened here, written there, and then here again.
    const session = await openSession(a, "app");
    expect((await patch(b, session, "one")).status).toBe(202);
    expect((await patch(a, session, "two")).headers["range"]).toBe("0-5");
    // What this node remembers is not the end of it any more.
    expect((await patch(b, session, "three")).headers["range"]).toBe("0-10");
    expect((await put(a, session, "onetwothree")).status).toBe(201);
    // An answer that was lost: the same request again, on either node.
    for (const node of [a, b]) expect((await put(node, session, "onetwothree")).status).toBe(201);

    const last = await openSession(a, "app");
    await patch(b, last, "one");
    expect((await put(a, last, "onemore", "more")).status).toBe(201);

    const cancelled = await openSession(a, "app");
    await patch(a, cancelled, "cancelled");
    expect((await exchange(b, { method: "DELETE", path: cancelled })).status).toBe(204);
    expectError(await put(a, cancelled, "cancelled"), "BLOB_UPLOAD_UNKNOWN");
  },
);
