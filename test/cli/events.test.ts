import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { addEvents } from "../../src/cli/events/command.ts";
import { ADMINISTRATOR, startTestBerth } from "../support/berth.ts";
import { createRepository, pushImage } from "../support/push.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const berth = await startTestBerth();
const folder = await mkdtemp(join(tmpdir(), "berth-events-"));
const { host } = new URL(berth.url);
const NOBODY = { HOME: folder, BERTH_CONFIG: join(folder, "config.json"), BERTH_DATA_DIR: folder };
const ENV = {
  ...NOBODY,
  BERTH_ACCESS_KEY_ID: ADMINISTRATOR.accessKeyId,
  BERTH_SECRET_ACCESS_KEY: ADMINISTRATOR.secretAccessKey,
};
afterAll(async () => {
  await berth.stop();
  await rm(folder, { recursive: true });
});

const run = (io: CapturedIo, env: NodeJS.ProcessEnv, ...argv: string[]): Promise<number> =>
  runBerth(io, ["events", ...argv], (parent, own) => addEvents(parent, own, env));

/** Shows what there is until it has a line that says this. */
async function shown(says: string, ...argv: string[]): Promise<string> {
  return vi.waitFor(async () => {
    const io = new CapturedIo();
    expect(await run(io, ENV, ...argv), io.errors).toBe(0);
    expect(io.out).toContain(says);
    return io.out;
  });
}

test("shows what happened, line by line, for people and as JSON", async () => {
  const { digest } = await pushImage(berth, "cli/app", "v1", "one");
  const text = await shown("cli/app:v1", host);
  expect(text).toMatch(
    /^\S+Z {2}CreateRepository {2}cli\/app {2}by arn:aws:iam::000000000000:user\/administrator$/m,
  );
  expect(text).toMatch(new RegExp(`^\\S+Z {2}PUSH {2}cli/app:v1 {2}${digest}$`, "m"));
  const lines = (await shown("cli/app", host, "--json")).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line)["detail-type"])).toEqual([
    "AWS API Call via CloudTrail",
    "ECR Image Action",
  ]);
});

test("takes the host and the credentials that are configured", async () => {
  await writeFile(NOBODY.BERTH_CONFIG, JSON.stringify({ hosts: { [host]: { endpoint: berth.url } } }));
  await createRepository(berth, "cli/configured");
  await shown("cli/configured");
  await rm(NOBODY.BERTH_CONFIG);
});

test("goes on with what comes, until it is interrupted", async () => {
  const interruption = new AbortController();
  const io = new CapturedIo({ signal: interruption.signal });
  const running = run(io, ENV, host, "--follow");
  await createRepository(berth, "cli/first");
  await vi.waitFor(() => expect(io.out).toContain("cli/first"), { timeout: 10_000 });
  await createRepository(berth, "cli/second");
  await vi.waitFor(() => expect(io.out).toContain("cli/second"), { timeout: 10_000 });
  interruption.abort();
  expect(await running).toBe(0);
  expect(io.errors).toBe("");
});

test("says what is wrong", async () => {
  const io = new CapturedIo();
  await expectFailure(io, run(io, ENV, host, "--region", "mars"), "in region mars");
  await expectFailure(io, run(io, NOBODY, host), `nobody is logged in; run: berth login ${host}`);
  await expectFailure(
    io,
    run(io, { ...ENV, BERTH_SECRET_ACCESS_KEY: "x" }, host),
    "credentials are not valid",
  );
  await expectFailure(
    io,
    run(io, ENV, "127.0.0.1:1"),
    "cannot reach http://127.0.0.1:1: connect ECONNREFUSED",
  );
});
