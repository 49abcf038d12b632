import { join } from "node:path";
import type { Keys } from "../../access/aws-client.ts";
import { Client } from "../client/client.ts";
import { headerOf } from "../client/response-parser.ts";
import { MANIFEST } from "../content.ts";
import { measureAll, type Series } from "../measure/rounds.ts";
import { median, short } from "../measure/statistics.ts";
import type { Options } from "../options.ts";
import { renderProfiles } from "../profile.ts";
import { renderResults } from "../results.ts";
import { ACCEPT, repeat } from "../scenarios/reads.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { renderTable } from "../table.ts";
import { startBerth } from "../targets/berth.ts";
import type { Target } from "../targets/target.ts";
import { logIn, prepareServer, REPOSITORY, requireAdmission, TAG } from "./setting.ts";
import { reportSteps } from "./steps.ts";

const ALLOW_ALL = "allow-all";

/**
 * What proving and judging a request costs: manifest GETs of a user with ten statements, of a repository with a policy,
 * against the same requests to a Berth that lets everybody in; and each step by itself.
 */
export async function reportAccess(
  options: Options,
  work: string,
  cleanUp: AsyncDisposableStack,
  progress: (line: string) => void,
): Promise<string> {
  const servers = cleanUp.use(new AsyncDisposableStack());
  const open = await start(ALLOW_ALL, options, work, servers);
  const real = await start("policies", options, work, servers);
  const logins = await logIn(real, real.keys);
  const targets = [
    as(open, ALLOW_ALL, logins.basic, "everybody may do everything; gets the requests of the next"),
    as(real, "basic", logins.basic, "the password of `aws ecr get-login-password`, as docker sends it"),
    as(real, "bearer", logins.bearer, "a token of the token service, for this repository alone"),
  ];
  const all = await measureAll(SCENARIOS, targets, options, progress);
  await servers.disposeAsync();
  if (all.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  return [
    renderResults(all, targets, options.rounds, ALLOW_ALL),
    renderCosts(all),
    ...(options.cpuProfiles === undefined ? [] : [await renderProfiles(options.cpuProfiles)]),
    await reportSteps(),
  ].join("\n");
}

type Server = Target & { readonly keys: Keys };

async function start(
  name: string,
  { berthMode: mode, processes, checkout, cpuProfiles }: Options,
  work: string,
  servers: AsyncDisposableStack,
): Promise<Server> {
  const isOpen = name === ALLOW_ALL;
  const target = await startBerth({
    ...{ name, mode, processes, checkout, cpuProfiles, folder: join(work, name) },
    env: { BERTH_BEARER_HOSTS: "127.0.0.1" },
    ...(isOpen ? { preload: new URL("allow-all.ts", import.meta.url).href } : {}),
  });
  servers.defer(() => target.stop());
  await requireAdmission(target, isOpen);
  return { ...target, keys: await prepareServer(target) };
}

function as(server: Server, name: string, authorization: string, note: string): Target {
  return { ...server, name, authorization, note };
}

const headers = { Accept: MANIFEST };

const SCENARIOS: readonly Scenario[] = [
  get("manifest-get-tag", "GET of a manifest by tag", async () => TAG),
  get("manifest-get-digest", "GET of it by digest", async (client) => {
    const url = `/v2/${REPOSITORY}/manifests/${TAG}`;
    return headerOf(await client.expect(200, "HEAD", url, { headers }), "docker-content-digest") ?? "";
  }),
];

function get(name: string, about: string, referenceOf: (client: Client) => Promise<string>): Scenario {
  return {
    ...{ name, about, unit: "requests/s", users: 16 },
    async prepare({ endpoint }) {
      const client = new Client(endpoint);
      const path = `/v2/${REPOSITORY}/manifests/${await referenceOf(client)}`;
      const { bytes } = await client.expect(200, "GET", path, { headers });
      client.close();
      return repeat(client.prepare("GET", path, ACCEPT), bytes);
    },
  };
}

/** Cores that others may take in a round that counts. */
const QUIET = 0.1;

/** What a request costs more than to whom everything is allowed: ratios, medians of rounds. */
interface Cost {
  readonly series: Series;
  readonly time: number;
  readonly cpu: number;
  readonly rounds: number;
}

/** Round by round, since both measurements of a round had the same machine; if others had little of it. */
function renderCosts(all: readonly Series[]): string {
  const costs = all.flatMap((series): Cost[] => {
    const reference = all.find((other) => isReference(other) && other.scenario === series.scenario);
    if (reference === undefined || isReference(series)) return [];
    const rounds = series.measurements
      .flatMap((own, round) => {
        const other = reference.measurements[round];
        return other === undefined ? [] : [{ own, other }];
      })
      .filter((pair) => Object.values(pair).every(({ otherCores = 0 }) => otherCores < QUIET));
    const time = median(rounds.map(({ own, other }) => other.value / own.value));
    const cpu = median(rounds.map(({ own, other }) => (own.serverCpu ?? 0) / (other.serverCpu ?? 0)));
    return [{ series, time, cpu, rounds: rounds.length }];
  });
  const table = renderTable<Cost>(
    [
      { title: "scenario", align: "left", cell: ({ series }) => series.scenario.name },
      { title: "credentials", align: "left", cell: ({ series }) => series.target.name },
      { title: "time per request", align: "right", cell: ({ time }) => percent(time) },
      { title: "server CPU", align: "right", cell: ({ cpu }) => percent(cpu) },
      { title: "rounds", align: "right", cell: ({ rounds }) => String(rounds) },
    ],
    costs,
  );
  return `${table}\nOver ${ALLOW_ALL}, in rounds in which others had less than ${QUIET} cores.\n`;
}

function percent(ratio: number): string {
  if (!Number.isFinite(ratio)) return "–";
  return `${ratio < 1 ? "−" : "+"}${short(Math.abs(ratio - 1) * 100)} %`;
}

function isReference({ target }: Series): boolean {
  return target.name === ALLOW_ALL;
}
