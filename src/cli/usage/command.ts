import { type Command, InvalidArgumentError, Option } from "commander";
import { doing } from "../command-line.ts";
import { type Io, writeJson } from "../io.ts";
import { hostArgument, hostValue, regionValue } from "../login/command.ts";
import { openOwnApi } from "../own-api/client.ts";
import { whileWaiting } from "../tables/waiting.ts";
import { renderUsage, type Usage } from "./render.ts";

interface UsageOptions {
  readonly namespace?: string;
  readonly by?: "repository" | "namespace";
  readonly unpulled?: number;
  readonly limit?: number;
  readonly region?: string;
  readonly json?: boolean;
}

/** `berth usage`. */
export function addUsage(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("usage")
    .summary("how much a registry holds, what sharing saves, what nobody pulls")
    .description(
      "Shows how many bytes your account's registry holds, by namespace or repository; what it saves that images share layers; " +
        "and with --unpulled what nobody pulls.",
    )
    .argument("[host]", "may be left out when one is configured", hostValue)
    .option("--namespace <namespace>", "repositories below NAMESPACE/ alone")
    .addOption(
      new Option("--by <unit>", "a line for each; by namespace unless one is named").choices([
        "namespace",
        "repository",
      ]),
    )
    .option("--unpulled <days>", "also what nobody has pulled or pushed for so many days", daysValue)
    .option("--limit <n>", "the largest n lines, 1000 unless said, at most 10000", limitValue)
    .option("--region <region>", "another than the server's own", regionValue)
    .option("--json", "as JSON")
    .action(
      doing(async (named: string | undefined, options: UsageOptions) => {
        const api = await openOwnApi(await hostArgument(named, env), env, options.region);
        const call = api.call({ method: "GET", path: `/v1/usage?${queryOf(options)}` }, io.signal);
        const usage = (await whileWaiting(io, "adding up…", call)) as Usage;
        if (options.json) writeJson(io, usage);
        else io.stdout.write(renderUsage(io, usage));
      }),
    );
}

function queryOf({ namespace, by, unpulled, limit }: UsageOptions): URLSearchParams {
  const query = new URLSearchParams({ by: by ?? (namespace === undefined ? "namespace" : "repository") });
  if (namespace !== undefined) query.set("namespace", namespace.replace(/\/$/, ""));
  if (unpulled !== undefined) query.set("unpulled", String(unpulled));
  if (limit !== undefined) query.set("limit", String(limit));
  return query;
}

/** For an option's value. @throws InvalidArgumentError */
function daysValue(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number of days from 1.");
}

/** For an option's value. @throws InvalidArgumentError */
function limitValue(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1 to 10000.");
}
