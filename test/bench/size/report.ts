import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { findRunningPostgres } from "../../../src/adapters/postgres/embedded/index.ts";
import { callEcrApi, succeeded } from "../../access/aws-client.ts";
import { Client } from "../client/client.ts";
import { readCpu } from "../measure/cpu.ts";
import { median, short } from "../measure/statistics.ts";
import type { Options } from "../options.ts";
import { renderTable } from "../table.ts";
import { ADMINISTRATOR, startBerth } from "../targets/berth.ts";
import { fillRegistry, fillRepository } from "./fill.ts";

const PLACE = { account: "000000000000", region: "us-east-1" };
const [FEW, MANY] = [1_000, 100_000];
const [SMALL, LARGE] = ["size/small", "size/large"];
/** Calls of each kind, one after another. */
const CALLS = 31;
const PUSHERS = 8;

interface Cost {
  readonly call: string;
  readonly milliseconds: number;
  readonly cpu: number;
}

/** What calls cost on a repository of 100,000 images and a registry of 100,000 repositories, beside small ones. */
export async function reportSize(
  { checkout, seconds }: Options,
  work: string,
  cleanUp: AsyncDisposableStack,
  progress: (line: string) => void,
): Promise<string> {
  const folder = join(work, "berth");
  const berth = await startBerth({
    ...{ name: "berth", mode: "embedded", processes: 1, checkout, folder, cpuProfiles: undefined },
    env: { BERTH_IMAGES_PER_REPOSITORY: "0" },
  });
  cleanUp.defer(() => berth.stop());
  const running = await findRunningPostgres(join(folder, "data"));
  const client = new pg.Client(running?.connection);
  await client.connect();
  cleanUp.defer(() => client.end());
  const http = new Client(berth);
  const ask = (operation: string, input: object): Promise<string> =>
    succeeded(callEcrApi(berth.origin, operation, input, ADMINISTRATOR));
  const costs: Cost[] = [];
  const tell = async (call: string, work: () => Promise<unknown>): Promise<void> => {
    costs.push({ call, ...(await measure(berth.processes, work)) });
    progress(`${call}: ${short(costs.at(-1)?.milliseconds ?? 0)} ms`);
  };
  const tellRepositories = (count: number): Promise<void> =>
    tell(`DescribeRepositories of ${count}, 100`, () => ask("DescribeRepositories", { maxResults: 100 }));

  await fillRepository(client, PLACE, SMALL, FEW);
  await fillRegistry(client, PLACE, "few", FEW);
  await tellRepositories(FEW);
  await fillRegistry(client, PLACE, "many", MANY);
  await tellRepositories(MANY);
  const begun = performance.now();
  await fillRepository(client, PLACE, LARGE, MANY);
  progress(`filled in ${short((performance.now() - begun) / 1000)} s`);
  for (const [repositoryName, images] of [
    [SMALL, FEW],
    [LARGE, MANY],
  ] as const) {
    for (const operation of ["DescribeImages", "ListImages"]) {
      for (const maxResults of [100, 1_000]) {
        const input = { repositoryName, maxResults };
        await tell(`${operation} of ${images}, ${maxResults}`, () => ask(operation, input));
      }
    }
    for (const [page, last] of [
      ["first", ""],
      ["last", `&last=v${String(images - 200).padStart(6, "0")}`],
    ]) {
      const path = `/v2/${repositoryName}/tags/list?n=100${last}`;
      await tell(`tags/list of ${images}, ${page} 100`, () => http.expect(200, "GET", path));
    }
  }
  http.close();
  const begin = performance.now();
  const lifecyclePolicyText = JSON.stringify({
    rules: [
      {
        ...{ rulePriority: 1, action: { type: "expire" } },
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: MANY - 100 },
      },
    ],
  });
  const meanwhile: number[] = [];
  let isOver = false;
  const pushing = (async () => {
    while (!isOver) {
      const before = performance.now();
      await putNew(ask, LARGE);
      meanwhile.push(performance.now() - before);
    }
  })();
  await ask("StartLifecyclePolicyPreview", { repositoryName: LARGE, lifecyclePolicyText });
  while (!(await ask("GetLifecyclePolicyPreview", { repositoryName: LARGE })).includes('"COMPLETE"')) {
    await sleep(20);
  }
  const evaluated = (performance.now() - begin) / 1000;
  isOver = true;
  await pushing;
  const pushed = await pushFor(seconds, () => putNew(ask, LARGE));
  const table = renderTable<Cost>(
    [
      { title: "call", align: "left", cell: ({ call }) => call },
      { title: "median ms", align: "right", cell: ({ milliseconds }) => short(milliseconds) },
      { title: "server CPU ms", align: "right", cell: ({ cpu }) => short(cpu) },
    ],
    costs,
  );
  return `${table}
PutImage into ${MANY} images: ${short(pushed)}/s by ${PUSHERS} clients. A lifecycle policy was evaluated on them in ${short(evaluated)} s,
with ${meanwhile.length} times PutImage, one after another, at the same time: median ${short(median(meanwhile))} ms, longest ${short(Math.max(...meanwhile))} ms.
`;
}

async function measure(
  processes: readonly number[],
  work: () => Promise<unknown>,
): Promise<Omit<Cost, "call">> {
  for (let warm = 0; warm < 5; warm++) await work();
  const times: number[] = [];
  const before = readCpu(processes).server ?? 0;
  for (let call = 0; call < CALLS; call++) {
    const begun = performance.now();
    await work();
    times.push(performance.now() - begun);
  }
  const cpu = (((readCpu(processes).server ?? 0) - before) * 1000) / CALLS;
  return { milliseconds: median(times), cpu };
}

/** Puts an image that is new, of a config and layer that are there. */
async function putNew(
  ask: (operation: string, input: object) => Promise<string>,
  repositoryName: string,
): Promise<void> {
  template ??= JSON.parse(
    JSON.parse(await ask("BatchGetImage", { repositoryName, imageIds: [{ imageTag: "v000001" }] })).images[0]
      .imageManifest,
  );
  const imageTag = randomBytes(8).toString("hex");
  const imageManifest = JSON.stringify({ ...template, annotations: { tag: imageTag } });
  await ask("PutImage", { repositoryName, imageManifest, imageTag });
}
let template: object | undefined;

async function pushFor(seconds: number, push: () => Promise<void>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let pushed = 0;
  await Promise.all(
    Array.from({ length: PUSHERS }, async () => {
      while (performance.now() < end) {
        await push();
        pushed++;
      }
    }),
  );
  return pushed / seconds;
}
