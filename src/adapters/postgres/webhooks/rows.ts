import type { StoredWebhook } from "../../../events/webhooks/webhook.ts";
import type { RegistryId } from "../../../registry/scope.ts";

/** SQL: the columns of {@link WebhookRow}. */
export const WEBHOOK_COLUMNS = `id, registry_id, url, detail_types, repository_prefix, secret_ciphertext, master_key_id,
      created_at`;

export interface WebhookRow {
  readonly id: string;
  readonly registry_id: RegistryId;
  readonly url: string;
  readonly detail_types: readonly string[];
  readonly repository_prefix: string;
  readonly secret_ciphertext: Buffer;
  readonly master_key_id: string;
  readonly created_at: Date;
}

export function toWebhook(row: WebhookRow): StoredWebhook {
  return {
    ...{ id: row.id, registryId: row.registry_id, url: row.url, createdAt: row.created_at },
    ...{ detailTypes: row.detail_types, repositoryPrefix: row.repository_prefix },
    secret: { masterKeyId: row.master_key_id, ciphertext: row.secret_ciphertext },
  };
}
