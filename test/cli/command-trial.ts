import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { AddCommand } from "../../src/cli/command-line.ts";
import type { Io } from "../../src/cli/io.ts";
import { openScene, type Statement } from "../access/scene.ts";
import { ADMINISTRATOR, makeTestHome, startTestBerth, type TestBerth } from "../support/berth.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

type Add = (parent: Parameters<AddCommand>[0], io: Io, env: NodeJS.ProcessEnv) => void;

/** A command of people against a whole server, with the administrator's keys unless others are given. */
export interface CommandTrial {
  readonly berth: TestBerth;
  readonly host: string;
  /** An environment in which nobody is logged in. */
  readonly nobody: NodeJS.ProcessEnv;
  readonly administrator: NodeJS.ProcessEnv;
  /** Who may do this and nothing else. */
  user(name: string, ...statements: readonly Statement[]): Promise<NodeJS.ProcessEnv>;
  run(io: CapturedIo, argv: readonly string[], env?: NodeJS.ProcessEnv): Promise<number>;
  /** What it writes to stdout when it succeeds. */
  said(...argv: readonly string[]): Promise<string>;
  /** It fails and says this. */
  fails(says: string | RegExp, argv: readonly string[], env?: NodeJS.ProcessEnv): Promise<void>;
  /** Wrong usage, and why. */
  refuses(says: string | RegExp, ...argv: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export async function startCommandTrial(add: Add): Promise<CommandTrial> {
  const home = await makeTestHome();
  const berth = await startTestBerth({ home });
  const folder = await mkdtemp(join(tmpdir(), "berth-command-"));
  const { host } = new URL(berth.url);
  const nobody = {
    ...{ HOME: folder, BERTH_CONFIG: join(folder, "config.json"), BERTH_DATA_DIR: folder },
    DOCKER_CONFIG: folder,
  };
  const withKeys = (keys: { readonly accessKeyId: string; readonly secretAccessKey: string }) => ({
    ...{ ...nobody, BERTH_ACCESS_KEY_ID: keys.accessKeyId, BERTH_SECRET_ACCESS_KEY: keys.secretAccessKey },
  });
  const administrator = withKeys(ADMINISTRATOR);
  const scene = openScene(berth, home, { now: () => new Date() });
  const run: CommandTrial["run"] = (io, argv, env = administrator) =>
    runBerth(io, argv, (parent, own) => add(parent, own, env));
  return {
    ...{ berth, host, nobody, administrator, run },
    user: async (name, ...statements) => withKeys(await scene.makeUser(name, statements)),
    async said(...argv) {
      const io = new CapturedIo();
      expect(await run(io, argv), io.errors).toBe(0);
      return io.out;
    },
    async fails(says, argv, env) {
      const io = new CapturedIo();
      await expectFailure(io, run(io, argv, env), says);
    },
    async refuses(says, ...argv) {
      const io = new CapturedIo();
      expect(await run(io, argv), io.out).toBe(2);
      expect(io.errors).toMatch(says);
    },
    async close() {
      await berth.stop();
      await home.remove();
      await rm(folder, { recursive: true });
    },
  };
}
