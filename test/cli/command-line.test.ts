import { describe, expect, test } from "vitest";
import { type AddCommand, doing, UsageError } from "../../src/cli/command-line.ts";
import { addCompletion } from "../../src/cli/completion/index.ts";
import { confirm } from "../../src/cli/confirm.ts";
import { addStart } from "../../src/cli/start.ts";
import { CapturedIo, runBerth } from "./captured-io.ts";

/** `berth throw`, which ends with what `error` is. */
const throwing =
  (error: unknown): AddCommand =>
  (parent) => {
    parent.command("throw").action(
      doing(async () => {
        throw error;
      }),
    );
  };
const start: AddCommand = (parent) => addStart(parent, () => Promise.reject(new Error("started")));

async function run(argv: readonly string[], ...commands: readonly AddCommand[]) {
  const io = new CapturedIo();
  const code = await runBerth(io, argv, ...commands);
  return { code, out: io.out, errors: io.errors };
}

describe("a command that ends badly", () => {
  test("says why in a line, and fails with 1", async () => {
    const ran = await run(["throw"], throwing(new Error("the disk\u001b[2J is full")));
    expect(ran).toEqual({ code: 1, out: "", errors: "berth: the disk [2J is full\n" });
  });

  test("shows where a defect is", async () => {
    const ran = await run(["throw"], throwing(new TypeError("x is undefined")));
    expect(ran.code).toBe(1);
    expect(ran.errors).toMatch(/^berth: TypeError: x is undefined\n\s+at /);
  });

  test("by its arguments fails with 2 and points to the help", async () => {
    const ran = await run(["throw"], throwing(new UsageError("--a and --b exclude each other")));
    const errors = "berth: --a and --b exclude each other\nSee: berth throw --help\n";
    expect(ran).toEqual({ code: 2, out: "", errors });
  });
});

describe("berth start", () => {
  test.each([["extra"], ["--port", "80"], ["--"]])(
    "%j: starts nothing that was not asked for",
    async (...more) => {
      const ran = await run(["start", ...more, "x"], start);
      expect(ran.code).toBe(2);
      expect(ran.errors).not.toContain("started");
    },
  );

  test("starts nothing for its help", async () => {
    const ran = await run(["start", "--help"], start);
    expect(ran).toMatchObject({ code: 0, errors: "" });
    expect(ran.out).toContain("until SIGTERM or SIGINT ends it");
  });
});

test("a word that is nearly a command is met with that command", async () => {
  expect((await run(["strat"], start)).errors).toBe(
    "berth: unknown command 'strat'\n(Did you mean start?)\nSee: berth --help\n",
  );
});

test.each([
  [["help", "strat"], "berth: unknown command 'strat'\n(Did you mean start?)\nSee: berth --help\n"],
  [["noun", "help", "vreb"], "berth: unknown command 'vreb'\n(Did you mean verb?)\nSee: berth noun --help\n"],
])("help that is asked about nothing says so: %j", async (argv, errors) => {
  const noun: AddCommand = (parent) => void parent.command("noun").command("verb");
  expect(await run(argv, start, noun)).toEqual({ code: 2, out: "", errors });
});

test("help that is asked about a command is that command's", async () => {
  const ran = await run(["help", "start"], start);
  expect(ran).toMatchObject({ code: 0, errors: "" });
  expect(ran.out).toContain("berth start");
});

describe("a confirmation", () => {
  const asked = (typed: string | undefined) => {
    const io = new CapturedIo(typed === undefined ? {} : { typed });
    return { io, answer: confirm(io, "Everything goes.", "team/app") };
  };

  test("is the name, typed", async () => {
    const { io, answer } = asked("team/app\n");
    await expect(answer).resolves.toBeUndefined();
    expect(io.errors).toContain("Everything goes.\nType team/app to go on: ");
  });

  test.each(["y\n", "", "team/ap\n"])("is not %j", async (typed) => {
    await expect(asked(typed).answer).rejects.toThrow("nothing was done");
  });

  test("cannot be given where nobody sits at a terminal", async () => {
    await expect(asked(undefined).answer).rejects.toThrow(UsageError);
  });
});

describe("berth completion", () => {
  test.each(["bash", "zsh", "fish"])("for %s names each command and option", async (shell) => {
    const ran = await run(["completion", shell], start, addCompletion);
    expect(ran).toMatchObject({ code: 0, errors: "" });
    for (const word of ["start", "completion", "help"]) expect(ran.out).toContain(word);
  });

  test("refuses a shell that it does not know", async () => {
    expect((await run(["completion", "tcsh"], addCompletion)).errors).toContain(
      "Allowed choices are bash, zsh, fish",
    );
  });
});
