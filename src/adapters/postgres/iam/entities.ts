import type { EntityKind, EntityOf, Group, User } from "../../../iam/principals/entity.ts";
import type { EntityReader, Holdings } from "../../../iam/principals/ports/index.ts";
import { ENTITY_COLUMNS, type EntityRow, toEntity } from "./entity-rows.ts";
import { beginningWith, pageOf, type Run } from "./run.ts";

const FIND = {
  name: "iam_entity_find",
  text: `SELECT ${ENTITY_COLUMNS} FROM iam_entities e
    WHERE account_id = $1 AND kind = $2 AND lower(name) = lower($3::text COLLATE "C")`,
};
const FIND_BY_ID = {
  name: "iam_entity_find_unique_id",
  text: `SELECT ${ENTITY_COLUMNS} FROM iam_entities e WHERE account_id = $1 AND unique_id = $2`,
};
const LIST = {
  name: "iam_entity_list",
  text: `SELECT ${ENTITY_COLUMNS} FROM iam_entities e
    WHERE account_id = $1 AND kind = $2 AND path LIKE $3 AND lower(name) > $4 ORDER BY lower(name) LIMIT $5`,
};
const MEMBERS = {
  name: "iam_group_members",
  text: `SELECT ${ENTITY_COLUMNS} FROM iam_memberships m JOIN iam_entities e ON e.id = m.user_id
    WHERE m.account_id = $1 AND m.group_id = $2 AND lower(e.name) > $3 ORDER BY lower(e.name) LIMIT $4`,
};
const GROUPS = {
  name: "iam_groups_of_user",
  text: `SELECT ${ENTITY_COLUMNS} FROM iam_memberships m JOIN iam_entities e ON e.id = m.group_id
    WHERE m.account_id = $1 AND m.user_id = $2 AND lower(e.name) > $3 ORDER BY lower(e.name) LIMIT $4`,
};
const COUNT = {
  name: "iam_entity_count",
  text: "SELECT count(*) AS entities FROM iam_entities WHERE account_id = $1 AND kind = $2",
};
const HOLDINGS = {
  name: "iam_entity_holdings",
  text: `SELECT (SELECT count(*) FROM iam_inline_policies WHERE entity_id = $1) AS "inlinePolicies",
    (SELECT count(*) FROM iam_attachments WHERE entity_id = $1) AS "attachedPolicies",
    (SELECT count(*) FROM access_keys WHERE user_id = $1) AS "accessKeys",
    (SELECT count(*) FROM iam_mfa_devices WHERE user_id = $1) AS "mfaDevices",
    (SELECT count(*) FROM iam_instance_profiles WHERE role_id = $1) AS "instanceProfiles",
    (SELECT count(*) FROM iam_memberships WHERE user_id = $1) AS groups,
    (SELECT count(*) FROM iam_memberships WHERE group_id = $1) AS members`,
};

export function entityReader(run: Run, account: string): EntityReader {
  // Rows of one kind become entities of that kind.
  const toKind = <Kind extends EntityKind>(row: EntityRow): EntityOf<Kind> => toEntity(row) as EntityOf<Kind>;
  const orderKey = (row: EntityRow): string => row.name.toLowerCase();
  return {
    async findEntity<Kind extends EntityKind>(kind: Kind, name: string) {
      const [row] = await run<EntityRow>(FIND, [account, kind, name]);
      return row && toKind<Kind>(row);
    },
    async findEntityByUniqueId(uniqueId) {
      const [row] = await run<EntityRow>(FIND_BY_ID, [account, uniqueId]);
      return row && toEntity(row);
    },
    async listEntities<Kind extends EntityKind>(
      kind: Kind,
      pathPrefix: string,
      { after, limit }: { after: string; limit: number },
    ) {
      const rows = await run<EntityRow>(LIST, [account, kind, beginningWith(pathPrefix), after, limit + 1]);
      return pageOf(rows, limit, toKind<Kind>, orderKey);
    },
    async listMembers(group, { after, limit }) {
      const rows = await run<EntityRow>(MEMBERS, [account, group, after, limit + 1]);
      return pageOf(rows, limit, (row) => toEntity(row) as User, orderKey);
    },
    async listGroupsOf(user, { after, limit }) {
      const rows = await run<EntityRow>(GROUPS, [account, user, after, limit + 1]);
      return pageOf(rows, limit, (row) => toEntity(row) as Group, orderKey);
    },
    async countEntities(kind) {
      const [row] = await run<{ entities: number }>(COUNT, [account, kind]);
      return row?.entities ?? 0;
    },
    async holdingsOf(entity) {
      const [row] = await run<Holdings>(HOLDINGS, [entity]);
      if (row === undefined) throw new Error("a count gave no row");
      return row;
    },
  };
}
