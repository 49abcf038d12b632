import type { EntityId, Role } from "../../../iam/principals/entity.ts";
import type {
  InstanceProfile,
  InstanceProfileReader,
  InstanceProfileWriter,
} from "../../../iam/principals/ports/index.ts";
import { ENTITY_COLUMNS, type EntityRow, toEntity } from "./entity-rows.ts";
import { beginningWith, pageOf, type Run } from "./run.ts";

/** A profile, and its role in the columns of an entity. */
export interface ProfileRow extends EntityRow {
  readonly profile_id: InstanceProfile["id"];
  readonly profile_unique_id: string;
  readonly profile_path: string;
  readonly profile_name: string;
  readonly profile_tags: InstanceProfile["tags"];
  readonly profile_created_at: Date;
  readonly role_id: EntityId | null;
}

/** What to select of profiles `i` and their roles `e`. */
export const PROFILE_COLUMNS = `i.id AS profile_id, i.unique_id AS profile_unique_id, i.path AS profile_path, i.name AS profile_name,
    i.tags AS profile_tags, i.created_at AS profile_created_at, i.role_id, ${ENTITY_COLUMNS}
  FROM iam_instance_profiles i LEFT JOIN iam_entities e ON e.id = i.role_id`;
const SELECT = `SELECT ${PROFILE_COLUMNS}`;
const FIND = {
  name: "iam_instance_profile_find",
  text: `${SELECT} WHERE i.account_id = $1 AND lower(i.name) = lower($2::text COLLATE "C")`,
};
const LIST = {
  name: "iam_instance_profile_list",
  text: `${SELECT} WHERE i.account_id = $1 AND i.path LIKE $2 AND lower(i.name) > $3 ORDER BY lower(i.name) LIMIT $4`,
};
const LIST_OF = {
  name: "iam_instance_profile_list_of",
  text: `${SELECT} WHERE i.account_id = $1 AND i.role_id = $2 AND lower(i.name) > $3
    ORDER BY lower(i.name) LIMIT $4`,
};
const COUNT = {
  name: "iam_instance_profile_count",
  text: "SELECT count(*) AS profiles FROM iam_instance_profiles WHERE account_id = $1",
};
const INSERT = {
  name: "iam_instance_profile_insert",
  text: `INSERT INTO iam_instance_profiles (account_id, unique_id, path, name, tags, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};
const SET_ROLE = {
  name: "iam_instance_profile_set_role",
  text: "UPDATE iam_instance_profiles SET role_id = $3 WHERE account_id = $1 AND id = $2",
};
const SET_TAGS = {
  name: "iam_instance_profile_set_tags",
  text: "UPDATE iam_instance_profiles SET tags = $3 WHERE account_id = $1 AND id = $2",
};
const DELETE = {
  name: "iam_instance_profile_delete",
  text: "DELETE FROM iam_instance_profiles WHERE account_id = $1 AND id = $2",
};

export function instanceProfileReader(run: Run, account: string): InstanceProfileReader {
  const toOwn = (row: ProfileRow): InstanceProfile => toProfile(account, row);
  const orderKey = (row: ProfileRow): string => row.profile_name.toLowerCase();
  return {
    async findInstanceProfile(name) {
      const [row] = await run<ProfileRow>(FIND, [account, name]);
      return row && toOwn(row);
    },
    async listInstanceProfiles(pathPrefix, { after, limit }) {
      const rows = await run<ProfileRow>(LIST, [account, beginningWith(pathPrefix), after, limit + 1]);
      return pageOf(rows, limit, toOwn, orderKey);
    },
    async listInstanceProfilesOf(role, { after, limit }) {
      const rows = await run<ProfileRow>(LIST_OF, [account, role, after, limit + 1]);
      return pageOf(rows, limit, toOwn, orderKey);
    },
    async countInstanceProfiles() {
      const [row] = await run<{ profiles: number }>(COUNT, [account]);
      return row?.profiles ?? 0;
    },
  };
}

export function instanceProfileWriter(run: Run, account: string): InstanceProfileWriter {
  return {
    async insertInstanceProfile({ uniqueId, path, name, tags, createdAt }) {
      await run(INSERT, [account, uniqueId, path, name, tags, createdAt]);
    },
    async setInstanceProfileRole(id, role) {
      await run(SET_ROLE, [account, id, role]);
    },
    async setInstanceProfileTags(id, tags) {
      await run(SET_TAGS, [account, id, tags]);
    },
    async deleteInstanceProfile(id) {
      await run(DELETE, [account, id]);
    },
  };
}

export function toProfile(account: string, row: ProfileRow): InstanceProfile {
  return {
    ...{ id: row.profile_id, account, uniqueId: row.profile_unique_id, path: row.profile_path },
    ...{ name: row.profile_name, tags: row.profile_tags, createdAt: row.profile_created_at },
    role: row.role_id === null ? undefined : (toEntity(row) as Role),
  };
}
