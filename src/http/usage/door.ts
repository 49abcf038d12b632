import type { IncomingMessage } from "node:http";
import { OWN_ACTIONS } from "../../iam/actions.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { UsageFigures, UsageQuery } from "../../registry/ports/usage-store.ts";
import type { Scopes } from "../../registry/scopes.ts";
import type { UsageReports } from "../../registry/usage/reports.ts";
import type { Door } from "../door.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { enterOwnApi, type OwnApiDependencies } from "../own-api/enter.ts";
import { ownRegistry } from "../own-api/own-registry.ts";
import { numberOf, wrong } from "../own-api/parameters.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";

export const USAGE_PATH = "/v1/usage";

/** Lines of a report: by default, and at most. */
const LIMIT_DEFAULT = 1_000;
const LIMIT_MAX = 10_000;
const DAYS_MAX = 3_650;
const DAY = 86_400_000;

export interface UsageDoorDependencies extends OwnApiDependencies {
  readonly reports: UsageReports;
  readonly scopes: Scopes;
  readonly defaultRegion: string;
}

/** `GET /v1/usage`: what the registry of the caller's account holds, by repository or namespace. */
export function openUsageDoor(dependencies: UsageDoorDependencies): Door {
  return (exchange, request, response) => {
    if (request.url?.split("?", 1)[0] !== USAGE_PATH) return undefined;
    exchange.route = "getUsage";
    return respond(exchange, request, response, () => answer(dependencies, exchange, request));
  };
}

async function answer(
  dependencies: UsageDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<Outcome> {
  const call = await enterOwnApi(dependencies, exchange, request);
  if (request.method !== "GET") {
    throw new Refusal("UNSUPPORTED", "usage is read with GET", { headers: { Allow: "GET, OPTIONS" } });
  }
  await call.authorize(OWN_ACTIONS.getUsage);
  const { reports, scopes, clock, defaultRegion } = dependencies;
  const { days, ...query } = asked(request);
  const scope = await scopes.open(ownRegistry(call.principal, exchange.client, request, defaultRegion));
  const unpulledSince = days === undefined ? undefined : new Date(clock.now().getTime() - days * DAY);
  const report = await reports.report(scope, { ...query, unpulledSince });
  if (report === "too much") {
    throw wrong("this is too much to be added up at once: ask for one namespace after another");
  }
  return json(200, {
    ...{ by: query.by, namespace: query.namespace ?? null, unpulledDays: days ?? null },
    total: present(report.total),
    lines: report.lines.map((line) => ({ name: line.name, ...present(line) })),
    more: report.isCut,
  });
}

function present({ repositories, images, bytes, savedBytes, ownBytes, unpulled }: UsageFigures) {
  return { repositories, images, bytes, savedBytes, ownBytes, unpulled: unpulled ?? null };
}

function asked(
  request: IncomingMessage,
): Omit<UsageQuery, "unpulledSince"> & { readonly days: number | undefined } {
  const query = Parameters.parse(queryText(request.url), QUERY_LIMITS);
  const by = query.get("by") ?? "repository";
  if (by !== "repository" && by !== "namespace") {
    throw wrong(`by must be repository or namespace, not ${JSON.stringify(by.slice(0, 100))}`);
  }
  const namespace = query.get("namespace") ?? undefined;
  if (namespace !== undefined) parseRepositoryName(namespace);
  return {
    ...{ by, namespace, limit: numberOf(query, "limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT },
    days: numberOf(query, "unpulled", 1, DAYS_MAX),
  };
}
