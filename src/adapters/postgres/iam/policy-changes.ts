import type { PolicyId, PolicyVersion } from "../../../iam/principals/managed-policy.ts";
import type { PolicyWriter } from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

const PUT_INLINE = {
  name: "iam_inline_policy_put",
  text: `INSERT INTO iam_inline_policies (account_id, entity_id, name, document) VALUES ($1, $2, $3, $4)
    ON CONFLICT (entity_id, name) DO UPDATE SET document = EXCLUDED.document`,
};
const DELETE_INLINE = {
  name: "iam_inline_policy_delete",
  text: "DELETE FROM iam_inline_policies WHERE entity_id = $1 AND name = $2 RETURNING name",
};
const ATTACH = {
  name: "iam_attachment_insert",
  text: `INSERT INTO iam_attachments (account_id, entity_id, policy_arn, policy_id) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING`,
};
const DETACH = {
  name: "iam_attachment_delete",
  text: "DELETE FROM iam_attachments WHERE entity_id = $1 AND policy_arn = $2 RETURNING policy_arn",
};
const INSERT = {
  name: "iam_policy_insert",
  text: `WITH policy AS (
      INSERT INTO iam_policies (account_id, unique_id, path, name, description, tags, created_at, updated_at)
      VALUES ($1, $2, $3, $4, $5, $6, $8, $8) RETURNING id)
    INSERT INTO iam_policy_versions (account_id, policy_id, version, document, created_at)
      SELECT $1, id, 1, $7, $8 FROM policy`,
};
const INSERT_VERSION = {
  name: "iam_policy_version_insert",
  text: `WITH policy AS (
      UPDATE iam_policies SET last_version = last_version + 1, updated_at = $5,
        default_version = CASE WHEN $4 THEN last_version + 1 ELSE default_version END
      WHERE id = $2 RETURNING last_version)
    INSERT INTO iam_policy_versions (account_id, policy_id, version, document, created_at)
      SELECT $1, $2, last_version, $3, $5 FROM policy
    RETURNING version, document, created_at AS "createdAt"`,
};
const SET_DEFAULT = {
  name: "iam_policy_set_default",
  text: "UPDATE iam_policies SET default_version = $2, updated_at = $3 WHERE id = $1",
};
const SET_TAGS = {
  name: "iam_policy_set_tags",
  text: "UPDATE iam_policies SET tags = $2 WHERE id = $1",
};
const DELETE_VERSION = {
  name: "iam_policy_version_delete",
  text: "DELETE FROM iam_policy_versions WHERE policy_id = $1 AND version = $2",
};
const DELETE = { name: "iam_policy_delete", text: "DELETE FROM iam_policies WHERE id = $1" };

export function policyWriter(run: Run, account: string): PolicyWriter {
  return {
    async putInlinePolicy(entity, { name, document }) {
      await run(PUT_INLINE, [account, entity, name, document]);
    },
    async deleteInlinePolicy(entity, name) {
      return (await run(DELETE_INLINE, [entity, name])).length > 0;
    },
    async attachPolicy(entity, arn, policy) {
      await run(ATTACH, [account, entity, arn, policy]);
    },
    async detachPolicy(entity, arn) {
      return (await run(DETACH, [entity, arn])).length > 0;
    },
    async insertPolicy({ uniqueId, path, name, description, tags, document, createdAt }) {
      await run(INSERT, [account, uniqueId, path, name, description, tags, document, createdAt]);
    },
    async insertVersion(policy: PolicyId, document, isDefault, at) {
      const values = [account, policy, document, isDefault, at];
      const [row] = await run<Omit<PolicyVersion, "isDefault">>(INSERT_VERSION, values);
      if (row === undefined) throw new Error("the version of the policy was not stored");
      return { ...row, isDefault };
    },
    async setDefaultVersion(policy, version, at) {
      await run(SET_DEFAULT, [policy, version, at]);
    },
    async setPolicyTags(policy, tags) {
      await run(SET_TAGS, [policy, tags]);
    },
    async deleteVersion(policy, version) {
      await run(DELETE_VERSION, [policy, version]);
    },
    async deletePolicy(policy) {
      await run(DELETE, [policy]);
    },
  };
}
