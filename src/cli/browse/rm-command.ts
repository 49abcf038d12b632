import type { Command } from "commander";
import { doing } from "../command-line.ts";
import { confirm } from "../confirm.ts";
import { type EcrApi, openEcrApi } from "../ecr-api/client.ts";
import { oneLine } from "../images/errors.ts";
import type { WrittenReference } from "../images/reference.ts";
import { type Io, writeJsonLine } from "../io.ts";
import { hostOf, removalArgument } from "./reference.ts";
import { describeRemoval, nameOf, remove } from "./removal.ts";

interface RmOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** What is named of one repository. */
interface Group {
  readonly api: EcrApi;
  readonly repository: string;
  readonly references: readonly WrittenReference[];
}

/** `berth rm`. */
export function addRm(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("rm")
    .summary("delete images, or tags of images")
    .description(
      "Deletes tags, and images with all their tags, by the ECR API and with your own credentials. An image goes with its " +
        "last tag. What will go is shown first, and has to be confirmed.",
    )
    .argument("<image...>", "[HOST/]REPO:TAG or [HOST/]REPO@DIGEST", removalArgument)
    .option("--yes", "ask nothing")
    .option("--json", "what became of each, a line each, as JSON")
    .action(
      doing(async (references: readonly WrittenReference[], options: RmOptions) => {
        const groups = await groupsOf(references, env, io);
        if (options.yes !== true) await ask(groups, io);
        await removeAll(groups, options.json ?? false, io);
      }),
    );
}

async function groupsOf(
  references: readonly WrittenReference[],
  env: NodeJS.ProcessEnv,
  io: Io,
): Promise<readonly Group[]> {
  const located = await Promise.all(
    references.map(async (reference) => ({ reference, host: await hostOf(reference, env) })),
  );
  const groups: Group[] = [];
  for (const [host, ofHost] of Map.groupBy(located, (each) => each.host)) {
    const api = await openEcrApi(host, env, io.signal);
    for (const [repository, same] of Map.groupBy(ofHost, ({ reference }) => reference.repository)) {
      groups.push({ api, repository, references: same.map(({ reference }) => reference) });
    }
  }
  return groups;
}

async function ask(groups: readonly Group[], io: Io): Promise<void> {
  const lines: string[] = [];
  for (const { api, repository, references } of groups) {
    lines.push(...(await describeRemoval(api, repository, references)).map((line) => oneLine(line)));
  }
  await confirm(io, `${lines.join(".\n")}.`, "yes");
}

async function removeAll(groups: readonly Group[], json: boolean, io: Io): Promise<void> {
  let failed = 0;
  for (const { api, repository, references } of groups) {
    for await (const removed of remove(api, repository, references)) {
      if (json) writeJsonLine(io, removed);
      else if (removed.deleted) io.stdout.write(`deleted ${nameOf(removed)}\n`);
      if (removed.deleted) continue;
      failed += 1;
      io.stderr.write(`berth: ${oneLine(`${nameOf(removed)}: ${removed.reason ?? removed.code}`)}\n`);
    }
  }
  if (failed > 0) throw new Error(`${failed} could not be deleted`);
}
