import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Command, Option } from "commander";
import { expect, test } from "vitest";
import { bashCompletion } from "../../../src/cli/completion/bash.ts";
import { placesOf } from "../../../src/cli/completion/words.ts";

const run = promisify(execFile);

const berth = new Command("berth").option("--version", "");
const repository = berth.command("repository");
repository
  .command("create")
  .addOption(new Option("--tags <x>", "").choices(["mutable", "immutable"]))
  .option("--sparse", "");
repository.command("list");
berth.command("audit").option("--follow", "");

/** What bash offers after TAB. */
async function offered(line: string): Promise<readonly string[]> {
  const words = line.split(" ");
  const script = `${bashCompletion(placesOf(berth))}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}
_berth
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run("bash", ["-c", script]);
  return stdout.split("\n").filter((word) => word !== "");
}

test.each([
  ["berth re", ["repository"]],
  ["berth repository ", ["create", "list", "--help"]],
  ["berth repository create --", ["--tags", "--sparse", "--help"]],
  ["berth repository create name --tags ", ["mutable", "immutable"]],
  ["berth audit --f", ["--follow"]],
  ["berth audit repository --f", ["--follow"]],
])("%j is completed by %j", async (line, words) => {
  expect(await offered(line)).toEqual(words);
});
