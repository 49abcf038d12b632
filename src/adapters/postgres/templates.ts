import type {
  Encryption,
  RepositoryTemplate,
  TagMutability,
  TemplateDraft,
  TemplatePurpose,
  TemplateStore,
} from "../../registry/ports/index.ts";
import { pathOf, ROOT } from "../../registry/templates/prefix.ts";
import { recordChange, registryChange } from "./audit/record.ts";
import type { Database } from "./database.ts";

interface Row {
  readonly prefix: string;
  readonly description: string | null;
  readonly applied_for: readonly TemplatePurpose[];
  readonly tag_mutability: TagMutability;
  readonly tag_filters: readonly string[];
  readonly encryption_type: Encryption["type"];
  readonly encryption_key: string | null;
  readonly resource_tags: Readonly<Record<string, string>>;
  readonly repository_policy: string | null;
  readonly lifecycle_policy: string | null;
  readonly custom_role_arn: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const SAID = `description, applied_for, tag_mutability, tag_filters, encryption_type, encryption_key, resource_tags,
      repository_policy, lifecycle_policy, custom_role_arn`;
const COLUMNS = `prefix, ${SAID}, created_at, updated_at`;
const ONE = "registry_id = $1 AND path = $2";

// Creations in one registry wait for each other, so that they count what there is.
const LOCK_REGISTRY = {
  name: "template_lock_registry",
  text: "SELECT FROM registries WHERE id = $1 FOR NO KEY UPDATE",
};
const COUNT = {
  name: "template_count",
  text: "SELECT count(*)::int AS count FROM creation_templates WHERE registry_id = $1",
};
const INSERT = {
  name: "template_insert",
  text: `INSERT INTO creation_templates (registry_id, path, prefix, created_at, updated_at, ${SAID})
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
};
const LOCK = {
  name: "template_lock",
  text: `SELECT ${COLUMNS} FROM creation_templates WHERE ${ONE} FOR UPDATE`,
};
const UPDATE = {
  name: "template_update",
  text: `UPDATE creation_templates SET updated_at = $3, (${SAID}) =
      ROW ($4::text, $5::text[], $6::text, $7::text[], $8::text, $9::text, $10::jsonb, $11::text, $12::text, $13::text)
    WHERE ${ONE} RETURNING ${COLUMNS}`,
};
const DELETE = {
  name: "template_delete",
  text: `DELETE FROM creation_templates WHERE ${ONE} RETURNING ${COLUMNS}`,
};
const FIND_ALL = {
  name: "template_find_all",
  text: `SELECT ${COLUMNS} FROM creation_templates WHERE registry_id = $1 AND path = ANY ($2) ORDER BY path`,
};
const PAGE = {
  name: "template_page",
  text: `SELECT ${COLUMNS} FROM creation_templates WHERE registry_id = $1 AND path > $2 ORDER BY path LIMIT $3`,
};
const FIRST_PAGE = {
  name: "template_first_page",
  text: `SELECT ${COLUMNS} FROM creation_templates WHERE registry_id = $1 ORDER BY path LIMIT $2`,
};

/** Repository creation templates in Postgres. */
export function postgresTemplates(database: Database): TemplateStore {
  return {
    create: ({ id }, draft, most, cause, at) =>
      database.transaction(async (tx) => {
        await tx.query(LOCK_REGISTRY, [id]);
        const [{ count } = { count: 0 }] = await tx.query<{ count: number }>(COUNT, [id]);
        const key = keyOf(draft.prefix);
        if (count >= most) {
          return (await tx.query(FIND_ALL, [id, [key]])).length > 0 ? "exists" : "too many";
        }
        const values = [id, key, draft.prefix, at, ...valuesOf(draft)];
        const [row] = await tx.query<Row>(INSERT, values);
        if (row === undefined) return "exists";
        await recordChange(tx, cause, at, { template: draft }, registryChange(id));
        return toTemplate(row);
      }),
    // Who may meet: two changes, or a change and a deletion, of one template. The row's lock puts them in an order; what
    // comes after a deletion finds nothing.
    change: ({ id }, prefix, change, cause, at) =>
      database.transaction(async (tx) => {
        const [current] = await tx.query<Row>(LOCK, [id, keyOf(prefix)]);
        if (current === undefined) return undefined;
        const draft = change(toTemplate(current));
        const [row] = await tx.query<Row>(UPDATE, [id, keyOf(prefix), at, ...valuesOf(draft)]);
        await recordChange(tx, cause, at, { template: draft }, registryChange(id));
        return row && toTemplate(row);
      }),
    delete: ({ id }, prefix, cause, at) =>
      database.transaction(async (tx) => {
        const [row] = await tx.query<Row>(DELETE, [id, keyOf(prefix)]);
        if (row === undefined) return undefined;
        await recordChange(tx, cause, at, { template: { prefix: row.prefix } }, registryChange(id));
        return toTemplate(row);
      }),
    async findAll({ id }, prefixes) {
      return (await database.run<Row>(FIND_ALL, [id, prefixes.map(keyOf)])).map(toTemplate);
    },
    async page({ id }, after, limit) {
      const rows = await (after === ""
        ? database.run<Row>(FIRST_PAGE, [id, limit])
        : database.run<Row>(PAGE, [id, keyOf(after), limit]));
      return rows.map(toTemplate);
    },
  };
}

/** `ROOT` covers what no path does, so it comes before all of them. */
function keyOf(prefix: string): string {
  return prefix === ROOT ? "" : pathOf(prefix);
}

function valuesOf(draft: TemplateDraft): readonly unknown[] {
  const { description, appliedFor, tagMutability, exclusionFilters, encryption, tags } = draft;
  return [
    ...[description, appliedFor, tagMutability, exclusionFilters, encryption.type, encryption.kmsKey],
    ...[JSON.stringify(tags), draft.repositoryPolicy, draft.lifecyclePolicy, draft.customRoleArn],
  ];
}

function toTemplate(row: Row): RepositoryTemplate {
  return {
    prefix: row.prefix,
    description: row.description ?? undefined,
    appliedFor: row.applied_for,
    tagMutability: row.tag_mutability,
    exclusionFilters: row.tag_filters,
    encryption: { type: row.encryption_type, kmsKey: row.encryption_key ?? undefined },
    tags: row.resource_tags,
    repositoryPolicy: row.repository_policy ?? undefined,
    lifecyclePolicy: row.lifecycle_policy ?? undefined,
    customRoleArn: row.custom_role_arn ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
