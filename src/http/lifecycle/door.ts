import type { IncomingMessage } from "node:http";
import { repositoryArn } from "../../iam/actions.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import type { PreviewResult, PreviewStore } from "../../lifecycle/ports/preview-store.ts";
import { getLifecyclePreview } from "../../lifecycle/preview.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import type { Scopes } from "../../registry/scopes.ts";
import type { Door } from "../door.ts";
import type { Exchange } from "../observe.ts";
import { json, type Outcome } from "../outcome.ts";
import { enterOwnApi, type OwnApiDependencies } from "../own-api/enter.ts";
import { ownRegistry } from "../own-api/own-registry.ts";
import { numberOf, wrong } from "../own-api/parameters.ts";
import { Refusal } from "../refusal.ts";
import { respond } from "../respond.ts";

export const LIFECYCLE_PREVIEW_PATH = "/v1/lifecycle/preview";

/** Results of a page: by default, and at most. */
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const POSITION_MAX = 100_000_000;

export interface LifecycleDoorDependencies extends OwnApiDependencies {
  readonly previews: PreviewStore;
  readonly scopes: Scopes;
}

/**
 * `GET /v1/lifecycle/preview`: what GetLifecyclePolicyPreview says, to whoever may call it, with what that has no members
 * for: why each image goes, and how many bytes come back.
 */
export function openLifecycleDoor(dependencies: LifecycleDoorDependencies): Door {
  return (exchange, request, response) => {
    if (request.url?.split("?", 1)[0] !== LIFECYCLE_PREVIEW_PATH) return undefined;
    exchange.route = "getLifecyclePreview";
    return respond(exchange, request, response, () => answer(dependencies, exchange, request));
  };
}

async function answer(
  dependencies: LifecycleDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
): Promise<Outcome> {
  const call = await enterOwnApi(dependencies, exchange, request);
  if (request.method !== "GET") {
    throw new Refusal("UNSUPPORTED", "previews are read with GET", { headers: { Allow: "GET, OPTIONS" } });
  }
  const registry = ownRegistry(call.principal, exchange.client, request, dependencies.defaultRegion);
  const query = Parameters.parse(queryText(request.url), QUERY_LIMITS);
  const named = query.get("repository");
  if (named === null) throw wrong("repository is needed");
  const name = parseRepositoryName(named);
  const after = numberOf(query, "after", 0, POSITION_MAX) ?? -1;
  const limit = numberOf(query, "limit", 1, LIMIT_MAX) ?? LIMIT_DEFAULT;
  const arn = repositoryArn(registry.account, registry.region, name);
  await call.authorize("ecr:GetLifecyclePolicyPreview", arn);
  const scope = await dependencies.scopes.open(registry);
  const preview = await getLifecyclePreview(dependencies, scope, name, undefined, { after, limit });
  const { status, text: policy, expiring, transitioning, bytes, results, next } = preview;
  const images = results.map(present);
  return json(200, { status, policy, expiring, transitioning, bytes, images, next: next ?? null });
}

function present({ digest, tags, pushedAt, action, rulePriority, reason }: PreviewResult) {
  return { digest, tags, pushedAt: pushedAt.toISOString(), action, rule: rulePriority, reason };
}
