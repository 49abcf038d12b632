import type { EntityId } from "../../../iam/principals/entity.ts";
import type { EntityWriter } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

/** The policy of the account that an ARN names; null for one of AWS's. */
const POLICY_BY_ARN = (account: string, arn: string): string =>
  `(SELECT id FROM iam_policies WHERE account_id = ${account}
    AND ${arn} = 'arn:aws:iam::' || account_id || ':policy' || path || name)`;

const INSERT = {
  name: "iam_entity_insert",
  text: `INSERT INTO iam_entities (account_id, kind, unique_id, path, name, boundary_arn, boundary_policy_id, tags,
      description, trust_policy, max_session_duration, created_at)
    VALUES ($1, $2, $3, $4, $5, $6::text, ${POLICY_BY_ARN("$1", "$6::text")}, $7, $8, $9, $10, $11) RETURNING id`,
};
const CHANGE = {
  name: "iam_entity_change",
  text: `UPDATE iam_entities SET path = coalesce($2, path), name = coalesce($3, name), tags = coalesce($4, tags),
      description = coalesce($5, description), trust_policy = coalesce($6, trust_policy),
      max_session_duration = coalesce($7, max_session_duration)
    WHERE id = $1`,
};
const SET_BOUNDARY = {
  name: "iam_entity_set_boundary",
  text: `UPDATE iam_entities SET boundary_arn = $3::text, boundary_policy_id = ${POLICY_BY_ARN("$2", "$3::text")}
    WHERE id = $1`,
};
const DELETE = { name: "iam_entity_delete", text: "DELETE FROM iam_entities WHERE id = $1" };
const ADD_MEMBER = {
  name: "iam_membership_insert",
  text: `INSERT INTO iam_memberships (account_id, group_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
};
const REMOVE_MEMBER = {
  name: "iam_membership_delete",
  text: "DELETE FROM iam_memberships WHERE group_id = $1 AND user_id = $2 RETURNING group_id",
};

export function entityWriter(run: Run, account: string): EntityWriter {
  return {
    async insertEntity(entity) {
      const [row] = await run<{ id: EntityId }>(INSERT, [
        ...[account, entity.kind, entity.uniqueId, entity.path, entity.name, entity.boundary],
        ...[entity.tags ?? {}, entity.description, entity.trustPolicy, entity.maxSessionDuration],
        entity.createdAt,
      ]);
      if (row === undefined) throw new Error(`the ${entity.kind} was not stored`);
      return row.id;
    },
    async changeEntity(id, change) {
      const { path, name, tags, description, trustPolicy, maxSessionDuration, boundary } = change;
      await run(CHANGE, [id, path, name, tags, description, trustPolicy, maxSessionDuration]);
      if (boundary !== undefined) await run(SET_BOUNDARY, [id, account, boundary]);
    },
    async deleteEntity(id) {
      await run(DELETE, [id]);
    },
    async addMember(group, user) {
      await run(ADD_MEMBER, [account, group, user]);
    },
    async removeMember(group, user) {
      return (await run(REMOVE_MEMBER, [group, user])).length > 0;
    },
  };
}
