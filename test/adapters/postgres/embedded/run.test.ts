import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { run } from "../../../../src/adapters/postgres/embedded/run.ts";

const OPTIONS = { cwd: tmpdir(), account: undefined, env: { GREETING: "hello" } };
const shell = (script: string, more: object = {}) => run("/bin/sh", ["-c", script], { ...OPTIONS, ...more });

test("a program ends with its code and what it said on either side", async () => {
  expect(await shell('echo "  $GREETING"; echo "trouble " >&2; exit 3')).toEqual({
    ...{ code: 3, output: expect.stringMatching(/^(hello\ntrouble|trouble \n {2}hello)$/) },
  });
  expect(await shell("pwd")).toEqual({ code: 0, output: tmpdir() });
});

test("it reads what it is given, or nothing", async () => {
  expect(await shell("cat", { input: "given" })).toEqual({ code: 0, output: "given" });
  expect(await shell("cat")).toEqual({ code: 0, output: "" });
  expect(await shell("exit 0", { input: "x".repeat(1_000_000) })).toEqual({ code: 0, output: "" });
});

test("of much that it said the end is kept", async () => {
  const { output } = await shell("i=0; while [ $i -lt 1000 ]; do echo 1234567; i=$((i+1)); done; printf end");
  expect(output).toHaveLength(4_000);
  expect(output).toMatch(/1234567\nend$/);
});

test("a signal leaves no code, and what does not start says why", async () => {
  expect(await shell("kill -9 $$")).toEqual({ code: undefined, output: "" });
  expect(await run("/no/such/program", [], OPTIONS)).toEqual({
    ...{ code: undefined, output: expect.stringContaining("ENOENT") },
  });
  expect(await run("/bin/sh", ["a\0b"], OPTIONS)).toEqual({
    ...{ code: undefined, output: expect.stringContaining("null bytes") },
  });
});

test("no terminal reaches it: it has a session of its own", async () => {
  const { output } = await shell("read -r _ _ _ _ group session _ < /proc/$$/stat; echo $$ $group $session");
  const [pid, group, session] = output.split(" ");
  expect([group, session]).toEqual([pid, pid]);
});

test.runIf(process.getuid?.() === 0)("it runs as the user that it is meant for", async () => {
  expect(await shell("id -u; id -g", { account: { uid: 65_534, gid: 65_533 } })).toEqual({
    ...{ code: 0, output: "65534\n65533" },
  });
});
