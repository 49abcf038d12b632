/** What has a name and policies in an account. */
export type EntityKind = "user" | "group" | "role";

export type Tags = Readonly<Record<string, string>>;

declare const entityId: unique symbol;
/** Of the row; never shown. What AWS calls the id is {@link EntityBase.uniqueId}. */
export type EntityId = number & { readonly [entityId]: true };

interface EntityBase {
  readonly id: EntityId;
  readonly account: string;
  /** `AIDA…`, `AGPA…`, `AROA…`: never used again, unlike the name. */
  readonly uniqueId: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  readonly name: string;
  readonly createdAt: Date;
}

export interface User extends EntityBase {
  readonly kind: "user";
  /** ARN of the managed policy that bounds it. */
  readonly boundary: string | undefined;
  readonly tags: Tags;
}

export interface Group extends EntityBase {
  readonly kind: "group";
}

export interface Role extends EntityBase {
  readonly kind: "role";
  readonly boundary: string | undefined;
  readonly tags: Tags;
  readonly description: string | undefined;
  /** Who may assume it: the text as it was given. */
  readonly trustPolicy: string;
  /** Seconds. */
  readonly maxSessionDuration: number;
  readonly lastUsed: { readonly at: Date; readonly region: string } | undefined;
}

export type Entity = User | Group | Role;

/** The type that belongs to a kind. */
export type EntityOf<Kind extends EntityKind> = Extract<Entity, { kind: Kind }>;

/** The word that AWS's texts begin with. */
export function capitalised(kind: EntityKind): "User" | "Group" | "Role" {
  return kind === "user" ? "User" : kind === "group" ? "Group" : "Role";
}
