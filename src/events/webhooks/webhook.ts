import type { SealedSecret } from "../../iam/master-key.ts";
import type { RegistryId } from "../../registry/scope.ts";
import type { ChangeEvent } from "../envelope.ts";

/** Which events a webhook is told of. */
export interface WebhookFilter {
  /** `detail-type`s; none: every one. */
  readonly detailTypes: readonly string[];
  /** What names of repositories begin with; with one, nothing is told of the registry itself. */
  readonly repositoryPrefix: string;
}

/** Somebody who is told of a registry's events. */
export interface Webhook extends WebhookFilter {
  /** `wh_` and 16 hexadecimal digits. */
  readonly id: string;
  readonly registryId: RegistryId;
  readonly url: string;
  readonly createdAt: Date;
}

/** With the secret that its deliveries are signed with, sealed for the id. */
export interface StoredWebhook extends Webhook {
  readonly secret: SealedSecret;
}

/** Webhooks of one registry, at most. */
export const WEBHOOKS_MAX = 20;

export function isWanted(
  { detailTypes, repositoryPrefix }: WebhookFilter,
  { envelope, repository }: ChangeEvent,
): boolean {
  if (detailTypes.length > 0 && !detailTypes.includes(envelope["detail-type"])) return false;
  return repositoryPrefix === "" || (repository?.startsWith(repositoryPrefix) ?? false);
}
