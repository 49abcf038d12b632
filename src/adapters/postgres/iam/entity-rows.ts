import type {
  Entity,
  EntityId,
  EntityKind,
  Group,
  Role,
  Tags,
  User,
} from "../../../iam/principals/entity.ts";

/** An entity as the statements here select it. */
export interface EntityRow {
  readonly id: EntityId;
  readonly account_id: string;
  readonly kind: EntityKind;
  readonly unique_id: string;
  readonly path: string;
  readonly name: string;
  readonly description: string | null;
  readonly trust_policy: string | null;
  readonly max_session_duration: number | null;
  readonly boundary_arn: string | null;
  readonly tags: Tags;
  readonly created_at: Date;
  readonly used_at: Date | null;
  readonly used_region: string | null;
}

/** What to select from `iam_entities e`. */
export const ENTITY_COLUMNS = `e.id, e.account_id, e.kind, e.unique_id, e.path, e.name, e.description, e.trust_policy,
  e.max_session_duration, e.boundary_arn, e.tags, e.created_at,
  (SELECT used_at FROM iam_role_usage WHERE role_id = e.id) AS used_at,
  (SELECT region FROM iam_role_usage WHERE role_id = e.id) AS used_region`;

export function toEntity(row: EntityRow): Entity {
  const base = {
    ...{ id: row.id, account: row.account_id, uniqueId: row.unique_id },
    ...{ path: row.path, name: row.name, createdAt: row.created_at },
  };
  const boundary = row.boundary_arn ?? undefined;
  switch (row.kind) {
    case "user":
      return { kind: "user", ...base, boundary, tags: row.tags } satisfies User;
    case "group":
      return { kind: "group", ...base } satisfies Group;
    case "role":
      return {
        ...{ kind: "role", ...base, boundary, tags: row.tags },
        description: row.description ?? undefined,
        trustPolicy: row.trust_policy ?? "",
        maxSessionDuration: row.max_session_duration ?? 0,
        lastUsed: row.used_at === null ? undefined : { at: row.used_at, region: row.used_region ?? "" },
      } satisfies Role;
  }
}
