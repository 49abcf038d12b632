import { afterAll, describe, expect, test, vi } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import type { AuditRecord } from "../../src/audit/audit-log.ts";
import { addAudit } from "../../src/cli/audit/index.ts";
import { composeRegistryAccess } from "../../src/composition/command.ts";
import { makeTestHome, openTestState } from "../support/berth.ts";
import { CapturedIo, runBerth } from "./captured-io.ts";

const home = await makeTestHome();
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await home.remove();
});
const access = composeRegistryAccess(home.config, state);
const log = postgresAuditLog(state.database);
const HOUR = 3_600_000;

const record = (requestId: string, ago: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ at: new Date(Date.now() - ago), requestId, account: "000000000000", decision: "allowed" },
  ...{ principal: "arn:aws:iam::000000000000:user/ci", accessKeyId: "AKIACI", action: "ecr:PutImage" },
  ...{ resource: "arn:aws:ecr:us-east-1:000000000000:repository/app", sourceIp: "192.0.2.1" },
  ...{ userAgent: "docker", reason: undefined, detail: { tags: ["v1"] } },
  ...more,
});

function run(argv: readonly string[], signal = new AbortController().signal) {
  const io = new CapturedIo({ signal });
  const ended = runBerth(io, ["audit", ...argv], (parent) => addAudit(parent, io, (work) => work(access)));
  return { io, ended, text: () => io.out, lines: () => io.out.split("\n").filter((line) => line !== "") };
}

describe("berth audit", () => {
  test("shows the newest records, the oldest of them first, a line each", async () => {
    const denied = { decision: "denied", reason: 'no "good"', detail: {}, userAgent: "x" } as const;
    await log.append([record("r1", 3 * HOUR), record("r2", 2 * HOUR, denied), record("r3", HOUR)]);
    const { ended, lines } = run(["--since", "12h", "--limit", "2", "--principal", "*:user/ci"]);
    expect(await ended).toBe(0);
    expect(lines()).toEqual([
      expect.stringMatching(
        /^\S+Z {2}denied {3}ecr:PutImage {2}arn:\S+app {2}by \S+ci {2}from 192\.0\.2\.1 {2}request r2 {2}told "no/,
      ),
      expect.stringMatching(/ {2}allowed {2}.* request r3 {2}\{"tags":\["v1"\]\}$/),
    ]);
  });

  test("shows everything as JSON", async () => {
    const { ended, lines } = run(["--json", "--request", "r1", "--since", "2020-01-01"]);
    expect(await ended).toBe(0);
    expect(lines().map((line) => JSON.parse(line))).toMatchObject([
      { requestId: "r1", accessKeyId: "AKIACI", userAgent: "docker", detail: { tags: ["v1"] } },
    ]);
  });

  test("says so when there is nothing", async () => {
    const { ended, io } = run(["--request", "none"]);
    expect(await ended).toBe(0);
    expect(io).toMatchObject({ out: "", errors: "berth: no records of that\n" });
  });

  test("lets nothing that others wrote reach the terminal as it is", async () => {
    await log.append([record("escape", 0, { resource: "\u001b[2J\n", detail: { x: "\u009b" } })]);
    const { ended, text } = run(["--request", "escape"]);
    expect(await ended).toBe(0);
    expect(text()).toMatch(/^[\x20-\x7e]+\n$/);
  });

  test("shows the key that was named where nobody was proven, and how many tries a record stands for", async () => {
    const login = { principal: "anonymous", accessKeyId: "AKIANAMED", action: "berth:Login", reason: "no" };
    const detail = { repeated: 7, since: "2030-01-01T00:00:00.000Z" };
    await log.append([record("login", 0, { ...login, decision: "denied", detail })]);
    const { ended, text } = run(["--request", "login"]);
    expect(await ended).toBe(0);
    expect(text()).toContain("by anonymous naming AKIANAMED");
    expect(text()).toContain('told "no"  7 times since 2030-01-01');
  });

  test("follows what comes, shows each record once and ends when it is interrupted", async () => {
    const interruption = new AbortController();
    const argv = ["--follow", "--limit", "1", "--principal", "*user/follower"];
    const mine = { principal: "arn:aws:iam::000000000000:user/follower" };
    await log.append([record("old-1", 2_000, mine), record("old-2", 1_000, mine)]);
    const { ended, lines } = run(argv, interruption.signal);
    const requests = (): readonly (string | undefined)[] =>
      lines().map((line) => / request (\S+)/.exec(line)?.[1]);
    await vi.waitFor(() => expect(requests()).toEqual(["old-2"]));
    await log.append([record("new-1", 0, mine), record("other", 0)]);
    await vi.waitFor(() => expect(requests()).toEqual(["old-2", "new-1"]), { timeout: 5_000 });
    // It became visible late: its time lies before that of what was shown.
    await log.append([record("late", 10_000, mine)]);
    await vi.waitFor(() => expect(requests()).toEqual(["old-2", "new-1", "late"]), { timeout: 5_000 });
    interruption.abort();
    expect(await ended).toBe(0);
  });

  test("ends when nobody reads any more", async () => {
    const { ended, io, lines } = run(["--follow"]);
    await vi.waitFor(() => expect(lines()).not.toEqual([]));
    io.stdout.destroy(new Error("EPIPE"));
    expect(await ended).toBe(0);
  });

  test.each([
    ["a time that is none", ["--since", "yesterday"], "--since must be a span like 90m, or a time"],
    ["a time that is none", ["--until", "2026-99-99"], "--until must be a span like 90m, or a time"],
    ["a limit that is none", ["--limit", "0"], "--limit must be 1 to 100000, not 0"],
    ["a limit beyond bounds", ["--limit", "100001"], "--limit must be 1 to 100000, not 100001"],
    [
      "a decision that is none",
      ["--decision", "maybe"],
      "argument 'maybe' is invalid. Allowed choices are allowed, denied.",
    ],
    ["an end of what has none", ["--follow", "--until", "1h"], "--until ends what --follow does not end"],
    [
      "a span that ends before it begins",
      ["--since", "1h", "--until", "2h"],
      "--since must be before --until",
    ],
    ["an unknown option", ["--shiny"], "--shiny"],
    ["an argument", ["more"], "more"],
  ])("refuses %s: %j", async (_, argv, says) => {
    const { ended, io } = run(argv);
    expect(await ended).toBe(2);
    expect(io.errors).toContain(says);
    expect(io.errors).toContain("See: berth audit --help");
  });

  test("says how with --help", async () => {
    const { ended, text } = run(["--help"]);
    expect(await ended).toBe(0);
    expect(text()).toContain("--follow");
  });
});
