import { postgresPreviews } from "../adapters/postgres/lifecycle/previews.ts";
import { postgresUsage } from "../adapters/postgres/usage/store.ts";
import type { Config } from "../config.ts";
import type { BearerHosts } from "../http/access/bearer-hosts.ts";
import { PageTokens } from "../http/aws/page-tokens.ts";
import type { Door } from "../http/door.ts";
import { openEventsDoor } from "../http/events/door.ts";
import { openExplainDoor } from "../http/explain/door.ts";
import { openLayerDoor } from "../http/layers/door.ts";
import { LayerUrls } from "../http/layers/layer-urls.ts";
import { openLifecycleDoor } from "../http/lifecycle/door.ts";
import { openTokenDoor } from "../http/token/door.ts";
import { RefreshTokens } from "../http/token/refresh-tokens.ts";
import { openUsageDoor } from "../http/usage/door.ts";
import { openWebhooksDoor } from "../http/webhooks/door.ts";
import { UsageReports } from "../registry/usage/reports.ts";
import { type AwsApiParts, composeAwsApi } from "./aws-api.ts";
import type { Events } from "./events.ts";
import { composeExplainer } from "./explainer.ts";
import type { State } from "./state.ts";

/** Every door beside the registry's, in the order in which they are asked; a new one is one line here. */
export function composeDoors(
  config: Config,
  state: State,
  parts: Omit<AwsApiParts, "layerUrls"> & { readonly bearer: BearerHosts; readonly events: Events },
): readonly Door[] {
  const { clock } = state;
  const { access, bearer, scopes, events } = parts;
  const { authenticator, logins, authorizer, credentials, tokens, signingKeys, onIssue } = access;
  const token = openTokenDoor({
    ...{ authenticator, logins, authorizer, credentials, tokens, clock, bearer },
    refreshTokens: new RefreshTokens(signingKeys, clock),
    defaultRegistry: { account: config.account, region: config.region },
    tokenLifetime: config.tokenLifetime,
    onIssue,
  });
  const ownApi = { authenticator, logins, authorizer, clock, defaultRegion: config.region };
  const explain = openExplainDoor({
    ...ownApi,
    explainer: composeExplainer(config, state),
  });
  const feed = openEventsDoor({
    ...{ ...ownApi, scopes },
    ...{ reader: events.reader, waiters: events.waiters, cursors: events.cursors },
  });
  const layerUrls = new LayerUrls(state.masterKey.derive("layer urls"));
  const layers = openLayerDoor({ urls: layerUrls, ports: parts.ports, scopes });
  const webhooks = openWebhooksDoor({
    ...{ ...ownApi, scopes, webhooks: events.webhooks },
    pageTokens: new PageTokens(state.masterKey.derive("page tokens")),
  });
  const reports = new UsageReports(postgresUsage(state.database));
  const usage = openUsageDoor({ ...ownApi, scopes, reports });
  const lifecycle = openLifecycleDoor({ ...ownApi, scopes, previews: postgresPreviews(state.database) });
  const aws = composeAwsApi(config, state, { ...parts, layerUrls });
  return [token, explain, feed, webhooks, usage, lifecycle, layers, aws];
}
