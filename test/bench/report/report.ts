import { join } from "node:path";
import { Client } from "../client/client.ts";
import type { Options } from "../options.ts";
import { Fixtures, SharedContent } from "../scenarios/fixtures.ts";
import { renderTable } from "../table.ts";
import { startBerth } from "../targets/berth.ts";
import { type Counts, openCountingProxy } from "./counting-proxy.ts";
import { openReportDatabase } from "./database-server.ts";
import { REQUEST_KINDS, type RequestKind } from "./request-kinds.ts";
import { DatabaseStatistics } from "./statistics-of-database.ts";

/** Requests of each kind, one after another. */
const REQUESTS = 100;
/** PostgreSQL's processes tell their statistics at the end of a transaction, once a second at most. Milliseconds. */
const UNTOLD = 1_100;

/** What one request of a kind costs, on average. */
interface Cost {
  readonly name: string;
  readonly statements: number;
  readonly roundTrips: number;
  readonly transactions: number;
  readonly syncs: number;
}

/** Starts Berth on a database behind a counting door, and tells what each kind of request asks of it. */
export async function reportQueries(
  options: Options,
  work: string,
  cleanUp: AsyncDisposableStack,
): Promise<string> {
  const { server, database, user, password, address } = await openReportDatabase(options, work, cleanUp);
  const proxy = await openCountingProxy(address);
  cleanUp.defer(() => proxy.close());
  const statistics = new DatabaseStatistics(server, database);
  await statistics.open();
  cleanUp.defer(() => statistics.close());
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  const berth = await startBerth({
    ...{ name: "berth", mode: "postgres", processes: 1, cpuProfiles: undefined },
    checkout: options.checkout,
    folder: join(work, "berth"),
    databaseUrl: `postgres://${credentials}@127.0.0.1:${proxy.port}/${database}`,
  });
  cleanUp.defer(() => berth.stop());
  const fixtures = new Fixtures(berth, new SharedContent({ ...options.sizes, images: 1 }));
  await fixtures.images();
  const client = new Client(berth);
  const costs: Cost[] = [];
  for (const kind of REQUEST_KINDS) {
    costs.push(await costOf(kind, client, fixtures, { counts: proxy.counts, statistics }));
  }
  client.close();
  return render(costs);
}

interface Meters {
  readonly counts: Counts;
  readonly statistics: DatabaseStatistics;
}

async function costOf(
  kind: RequestKind,
  client: Client,
  fixtures: Fixtures,
  { counts, statistics }: Meters,
): Promise<Cost> {
  const requests: (() => Promise<unknown>)[] = [];
  for (let made = 0; made < REQUESTS + 2; made++) requests.push(await kind.prepare(client, fixtures));
  const [first, ...others] = requests;
  const last = others.pop();
  // The first and the last request make PostgreSQL tell what went before.
  await tell(first);
  const before = { ...counts, ...(await statistics.read()) };
  for (const request of others) await request();
  const after = { ...counts };
  await tell(last);
  const told = await statistics.read();
  const [here, there] = [1 / others.length, 1 / (others.length + 1)];
  return {
    name: kind.name,
    statements: (after.statements - before.statements) * here,
    roundTrips: (after.roundTrips - before.roundTrips) * here,
    transactions: (told.transactions - before.transactions) * there,
    syncs: (told.syncs - before.syncs) * there,
  };
}

async function tell(request: (() => Promise<unknown>) | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, UNTOLD));
  await request?.();
}

function render(costs: readonly Cost[]): string {
  const figure = (title: string, key: Exclude<keyof Cost, "name">) => ({
    ...{ title, align: "right" as const },
    cell: (cost: Cost) => cost[key].toFixed(1),
  });
  const table = renderTable(
    [
      { title: "request", align: "left", cell: ({ name }) => name },
      figure("statements", "statements"),
      figure("round trips", "roundTrips"),
      figure("transactions", "transactions"),
      figure("log syncs", "syncs"),
    ],
    costs,
  );
  return `${table}
Averages of ${REQUESTS} requests, one after another, with warm caches. Statements: BEGIN and COMMIT count. Round trips: waits
for the database. Log syncs: commits that waited for the disk; requests at the same time share them.
`;
}
