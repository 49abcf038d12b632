import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { addWebhooks } from "../../src/cli/webhooks/command.ts";
import { ADMINISTRATOR, startTestBerth } from "../support/berth.ts";
import { createRepository } from "../support/push.ts";
import { startReceiver } from "../support/receiver.ts";
import { rowsOf } from "../support/rows.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const berth = await startTestBerth({ env: { BERTH_WEBHOOK_PRIVATE_HOSTS: "127.0.0.1" } });
const receiver = await startReceiver();
const folder = await mkdtemp(join(tmpdir(), "berth-webhooks-"));
const { host } = new URL(berth.url);
const ENV = {
  ...{ HOME: folder, BERTH_CONFIG: join(folder, "config.json"), BERTH_DATA_DIR: folder },
  BERTH_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
  BERTH_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
};
afterAll(async () => {
  await berth.stop();
  await receiver.close();
  await rm(folder, { recursive: true });
});

const run = (io: CapturedIo, ...argv: string[]): Promise<number> =>
  runBerth(io, ["webhooks", ...argv, "--host", host], (parent, own) => addWebhooks(parent, own, ENV));

async function said(...argv: string[]): Promise<string> {
  const io = new CapturedIo();
  expect(await run(io, ...argv), io.errors).toBe(0);
  return io.out;
}

test("a webhook is made, tried, looked at, replayed and deleted", async () => {
  const types = ["--detail-type", "ECR Image Action", "--detail-type", "AWS API Call via CloudTrail"];
  const made = await said("create", receiver.url, ...types, "--repository-prefix", "cli/");
  const shown = `${receiver.url}  ECR Image Action, AWS API Call via CloudTrail  of cli/*`;
  const [, id = "", line] = /^(wh_[0-9a-f]{16}) {2}(.*)$/m.exec(made) ?? [];
  expect(line).toBe(shown);
  expect(made).toMatch(/^secret {2}whsec_\S+ {2}\(it is not shown again\)$/m);
  expect(await said("list")).toBe(`${id}  ${shown}\n`);
  expect(await said("test", id)).toBe("delivered: HTTP 204\n");

  receiver.answer = () => 500;
  const io = new CapturedIo();
  await expectFailure(io, run(io, "test", id), "not delivered: HTTP 500");
  await createRepository(berth, "cli/app");
  await vi.waitFor(
    async () =>
      expect(await said("deliveries", id)).toMatch(
        /^\d+ {2}waiting {4}1 tried, last: HTTP 500 {2}\S+Z {2}PutImage {2}cli\/app {2}by \S+\n$/,
      ),
    { timeout: 20_000 },
  );
  expect(await said("deliveries", id, "--state", "dead", "--limit", "1")).toBe("");
  await rowsOf(berth, "UPDATE webhook_deliveries SET state = 'dead', ended_at = now()");
  receiver.answer = () => 204;
  const [dead] = JSON.parse(await said("deliveries", id, "--json"));
  expect(dead).toMatchObject({ state: "dead", event: { "detail-type": "AWS API Call via CloudTrail" } });
  expect(await said("replay", id, String(Number(dead.id) + 1))).toBe("0 replayed\n");
  expect(await said("replay", id)).toBe("1 replayed\n");
  await vi.waitFor(async () => expect(await said("deliveries", id)).toContain("delivered  1 tried"), {
    timeout: 20_000,
  });
  expect(await said("delete", id)).toBe("");
  expect(JSON.parse(await said("list", "--json"))).toEqual([]);
});

test("what is wrong is said", async () => {
  const io = new CapturedIo();
  await expectFailure(io, run(io, "create", "http://hooks.example"), "url must be https://");
  await expectFailure(
    io,
    run(io, "delete", "wh_0123456789abcdef"),
    "there is no webhook wh_0123456789abcdef",
  );
  expect(await run(io, "delete", "../x")).toBe(2);
  expect(io.errors).toContain("It is no id of a webhook");
});
