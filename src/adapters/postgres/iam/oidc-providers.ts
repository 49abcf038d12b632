import type {
  OidcProvider,
  OidcProviderReader,
  OidcProviderWriter,
} from "../../../iam/principals/ports/index.ts";
import type { Run } from "./run.ts";

const COLUMNS = `url, client_ids AS "clientIds", thumbprints, tags, created_at AS "createdAt"`;
const FIND = {
  name: "iam_oidc_find",
  text: `SELECT ${COLUMNS} FROM iam_oidc_providers WHERE account_id = $1 AND url = $2`,
};
const LIST = {
  name: "iam_oidc_list",
  text: `SELECT ${COLUMNS} FROM iam_oidc_providers WHERE account_id = $1 ORDER BY url`,
};
const INSERT = {
  name: "iam_oidc_insert",
  text: `INSERT INTO iam_oidc_providers (account_id, url, client_ids, thumbprints, tags, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};
const CHANGE = {
  name: "iam_oidc_change",
  text: `UPDATE iam_oidc_providers SET client_ids = coalesce($3, client_ids), thumbprints = coalesce($4, thumbprints),
      tags = coalesce($5, tags)
    WHERE account_id = $1 AND url = $2`,
};
const DELETE = {
  name: "iam_oidc_delete",
  text: "DELETE FROM iam_oidc_providers WHERE account_id = $1 AND url = $2 RETURNING url",
};

export function oidcProviderReader(run: Run, account: string): OidcProviderReader {
  return {
    async findOidcProvider(url) {
      return (await run<OidcProvider>(FIND, [account, url]))[0];
    },
    listOidcProviders: () => run<OidcProvider>(LIST, [account]),
  };
}

export function oidcProviderWriter(run: Run, account: string): OidcProviderWriter {
  return {
    async insertOidcProvider({ url, clientIds, thumbprints, tags, createdAt }) {
      await run(INSERT, [account, url, clientIds, thumbprints, tags, createdAt]);
    },
    async changeOidcProvider(url, { clientIds, thumbprints, tags }) {
      await run(CHANGE, [account, url, clientIds, thumbprints, tags]);
    },
    async deleteOidcProvider(url) {
      return (await run(DELETE, [account, url])).length > 0;
    },
  };
}
