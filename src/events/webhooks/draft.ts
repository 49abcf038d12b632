import type { OutboundHosts } from "../../kernel/outbound-hosts.ts";
import { RegistryError } from "../../registry/errors.ts";
import { DETAIL_TYPES } from "../detail-types.ts";
import type { WebhookFilter } from "./webhook.ts";

/** What somebody says of a webhook that is to be made. */
export interface WantedWebhook {
  readonly url: string;
  readonly detailTypes?: readonly string[] | undefined;
  readonly repositoryPrefix?: string | undefined;
}

export interface WebhookDraft extends WebhookFilter {
  readonly url: string;
}

const URL_MAX = 2_048;
const PREFIX = /^[a-z0-9][a-z0-9._/-]{0,255}$/;

/** @throws RegistryError WEBHOOK_INVALID naming member, rule and value */
export function draftWebhook(wanted: WantedWebhook, hosts: OutboundHosts): WebhookDraft {
  const { detailTypes = [], repositoryPrefix = "" } = wanted;
  const unknown = detailTypes.find((type) => !DETAIL_TYPES.some((known) => known === type));
  if (unknown !== undefined) {
    throw invalid(`detailTypes must be of ${DETAIL_TYPES.join(", ")}, not ${shown(unknown)}`);
  }
  if (repositoryPrefix !== "" && !PREFIX.test(repositoryPrefix)) {
    const rule = "must be what names of repositories begin with, at most 256 characters";
    throw invalid(`repositoryPrefix ${rule}, not ${shown(repositoryPrefix)}`);
  }
  return { url: requireUrl(wanted.url, hosts), detailTypes: [...new Set(detailTypes)], repositoryPrefix };
}

function requireUrl(text: string, hosts: OutboundHosts): string {
  const url = text.length > URL_MAX ? null : URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== "") {
    throw invalid(`url must be an https:// URL of at most ${URL_MAX} characters, not ${shown(text)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("url must hold no user and no password: deliveries are proven by their signature");
  }
  const named = `${url.hostname}; BERTH_WEBHOOK_PRIVATE_HOSTS names those that may`;
  if (url.protocol !== "https:" && !hosts.mayBePrivate(url.hostname)) {
    throw invalid(`url must be https://: plain HTTP is not for ${named}`);
  }
  if (hosts.refuses(url.hostname)) throw invalid(`url must lead to a public address: not to ${named}`);
  return url.href;
}

function invalid(said: string): RegistryError {
  return new RegistryError("WEBHOOK_INVALID", said);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
