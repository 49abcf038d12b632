import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { BerthMode } from "./targets/berth.ts";

/** How much of everything the scenarios use. */
export interface Sizes {
  /** Bytes. */
  readonly bigLayer: number;
  readonly images: number;
  readonly tags: number;
  readonly repositories: number;
}

export interface Options {
  readonly help: boolean;
  readonly report: boolean;
  readonly access: boolean;
  readonly size: boolean;
  /** Undefined: the default ones. */
  readonly targets: readonly string[] | undefined;
  readonly running: readonly { readonly name: string; readonly url: string }[];
  readonly credentials: string | undefined;
  /** Undefined: all of them. */
  readonly scenarios: readonly string[] | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly sizes: Sizes;
  readonly berthMode: BerthMode;
  readonly processes: number;
  readonly checkout: string;
  readonly data: string;
  readonly json: string | undefined;
  readonly cpuProfiles: string | undefined;
}

export const HELP = `npm run bench -- [OPTIONS]: measures Berth and its peers in turn and prints a table in Markdown

  --targets LIST         berth, berth-N (N processes), distribution, debian; default: berth, distribution, and debian
                         where docker-registry is installed
  --target NAME=URL      also a registry that runs already; may be repeated
  --auth USER:PASSWORD   credentials for those
  --scenario LIST        only these; --help lists them
  --rounds N             measurements of each target in each scenario, order alternating; medians count (5)
  --seconds S            length of a timed measurement (3)
  --berth-mode MODE      embedded (database and files in one folder), postgres (TEST_DATABASE_URL and files),
                         s3 (TEST_DATABASE_URL and TEST_S3_*, objects stay there); .ci/with-services sets both (embedded)
  --processes N          WEB_CONCURRENCY of the target berth (1)
  --checkout DIR         run the Berth of that source tree (this one)
  --data DIR             where data folders are made, all on one disk, and removed at the end (${tmpdir()})
  --json FILE            write every single measurement there
  --cpu-prof DIR         profile Berth's processes into DIR and print where their time went
  --quick                small sizes, one short round: shows that everything works, measures nothing
  --report               instead: statements, round trips, transactions and log syncs of each kind of request to Berth
  --access               instead: what proving and judging a request costs, against a Berth that lets everybody in
  --size                 instead: what calls cost on 100,000 images and 100,000 repositories
  --help                 this text
`;

const FULL = {
  ...{ rounds: 5, seconds: 3, warmUp: 0.5 },
  sizes: { bigLayer: 256 * 1024 * 1024, images: 100, tags: 10_000, repositories: 1_000 },
};
const QUICK = {
  ...{ rounds: 1, seconds: 0.5, warmUp: 0.1 },
  sizes: { bigLayer: 32 * 1024 * 1024, images: 10, tags: 1_000, repositories: 100 },
};

/** @throws Error naming what is wrong */
export function readOptions(argv: readonly string[]): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      ...{ targets: text, auth: text, scenario: text, rounds: text, seconds: text, processes: text },
      ...{ checkout: text, data: text, json: text, "berth-mode": text, "cpu-prof": text },
      ...{ quick: flag, report: flag, access: flag, size: flag, help: flag },
      target: { ...text, multiple: true },
    },
  });
  const lengths = values.quick ? QUICK : FULL;
  return {
    help: values.help,
    report: values.report,
    access: values.access,
    size: values.size,
    targets: listOf(values.targets),
    running: (values.target ?? []).map(runningOf),
    credentials: values.auth,
    scenarios: listOf(values.scenario),
    rounds: numberOf("--rounds", values.rounds) ?? lengths.rounds,
    seconds: numberOf("--seconds", values.seconds) ?? lengths.seconds,
    warmUp: lengths.warmUp,
    sizes: lengths.sizes,
    berthMode: modeOf(values["berth-mode"] ?? "embedded"),
    processes: numberOf("--processes", values.processes) ?? 1,
    checkout: resolve(values.checkout ?? fileURLToPath(new URL("../..", import.meta.url))),
    data: resolve(values.data ?? tmpdir()),
    json: values.json,
    cpuProfiles: values["cpu-prof"] === undefined ? undefined : resolve(values["cpu-prof"]),
  };
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((name) => name.trim());
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${name} takes a number above 0, not ${text}`);
  return value;
}

function runningOf(text: string): { readonly name: string; readonly url: string } {
  const match = /^([\w.-]+)=(http:\/\/.+)$/.exec(text);
  if (match === null) throw new Error(`--target takes NAME=http://HOST:PORT, not ${text}`);
  return { name: match[1] ?? "", url: match[2] ?? "" };
}

function modeOf(text: string): BerthMode {
  if (text !== "embedded" && text !== "postgres" && text !== "s3") {
    throw new Error(`--berth-mode is embedded, postgres or s3, not ${text}`);
  }
  return text;
}
