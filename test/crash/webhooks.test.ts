import { afterAll, expect, test, vi } from "vitest";
import { borrowDatabaseServer, openState } from "../../src/composition/state.ts";
import { readConfig } from "../../src/config.ts";
import { type BerthProcess, startBerthProcess, withDataDir } from "../support/process.ts";
import { startReceiver } from "../support/receiver.ts";

const receiver = await startReceiver();
afterAll(() => receiver.close());

const env = { BERTH_WEBHOOK_PRIVATE_HOSTS: "127.0.0.1" };

test("a node that is killed between a delivery and its record has it delivered again, and loses none", () =>
  withDataDir(async (dataDir) => {
    const first = await startBerthProcess({ dataDir, env });
    const id = await makeWebhook(first);
    const killed = Promise.withResolvers<unknown>();
    receiver.answer = () => {
      // It has arrived, and nobody will hear so.
      killed.resolve(first.end("SIGKILL"));
      return new Promise(() => undefined);
    };
    await makeRepository(first, "kept/one").catch(() => undefined);
    expect(await killed.promise).toBe("SIGKILL");
    expect(receiver.received).toHaveLength(1);

    receiver.answer = () => 204;
    const second = await startBerthProcess({ dataDir, env });
    await makeRepository(second, "kept/two");
    // Another repository's events do not wait for the claim of the dead; its own do, as time passes.
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), { timeout: 30_000 });
    await endClaims(dataDir);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(3), { timeout: 30_000 });
    const [one, two, again] = receiver.received.map(({ headers }) => headers["webhook-id"]);
    expect(again).toBe(one);
    expect(two).not.toBe(one);
    await vi.waitFor(async () => expect(await statesOf(second, id)).toEqual(["delivered", "delivered"]));
    expect(await second.end("SIGTERM")).toBe(0);
  }));

async function makeWebhook(berth: BerthProcess): Promise<string> {
  const body = JSON.stringify({ url: receiver.url });
  const made = await berth.fetch("/v1/webhooks", { method: "POST", body });
  expect(made.status).toBe(201);
  return ((await made.json()) as { id: string }).id;
}

/** By the upload of a blob: one event, of the repository. */
async function makeRepository(berth: BerthProcess, name: string): Promise<void> {
  const digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
  expect((await berth.fetch(path, { method: "POST", body: "" })).status).toBe(201);
}

async function statesOf(berth: BerthProcess, id: string): Promise<readonly string[]> {
  const answer = await berth.fetch(`/v1/webhooks/${id}/deliveries`);
  const { deliveries } = (await answer.json()) as { deliveries: { state: string }[] };
  return deliveries.map(({ state }) => state);
}

/** What a minute does. */
async function endClaims(dataDir: string): Promise<void> {
  const nothing = (): void => undefined;
  const log = { info: nothing, warn: nothing, error: nothing, flush: nothing, dropped: () => 0 };
  const config = readConfig({ BERTH_DATA_DIR: dataDir });
  const server = await borrowDatabaseServer(config, log);
  const state = await openState(config, server.connection, log);
  const text = "UPDATE webhook_queues SET leased_until = leased_until - interval '1 minute'";
  await state.database.run({ name: "test_end_claims", text }, []);
  await state.close();
  await server.stop();
}
