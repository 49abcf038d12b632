import type { IdentityChange, IdentityReader, IdentityStore } from "../../../iam/principals/ports/index.ts";
import { recordChange } from "../audit/record.ts";
import type { Database } from "../database.ts";
import { accountReader, accountWriter } from "./account.ts";
import { credentialReportReader } from "./credential-report.ts";
import { detailReader } from "./details.ts";
import { entityReader } from "./entities.ts";
import { entityWriter } from "./entity-changes.ts";
import { instanceProfileReader, instanceProfileWriter } from "./instance-profiles.ts";
import { accessKeyReader, accessKeyWriter } from "./keys.ts";
import { mfaDeviceReader, mfaDeviceWriter } from "./mfa-devices.ts";
import { namedPrincipals } from "./named-principals.ts";
import { oidcProviderReader, oidcProviderWriter } from "./oidc-providers.ts";
import { policyReader } from "./policies.ts";
import { policyWriter } from "./policy-changes.ts";
import type { Run } from "./run.ts";

const LOCK = {
  name: "account_lock",
  text: "SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
};

/** Principals, policies and keys in Postgres. */
export function postgresIdentity(database: Database): IdentityStore {
  return {
    reader: (account) => readerOf(database.run, account),
    // Who may meet: two changes of one account. The row of the account lets one through after the other, each seeing
    // what the one before committed. Pushes and logins share that row only as a foreign key, which this lock allows.
    change: (account, cause, at, work) =>
      database.transaction(async (tx) => {
        const locked = await tx.query(LOCK, [account]);
        if (locked.length === 0) throw new Error(`there is no account ${account}`);
        const result = await work(changeOf(tx.query, account));
        await recordChange(tx, cause, at);
        return result;
      }),
  };
}

function readerOf(run: Run, account: string): IdentityReader {
  return {
    ...entityReader(run, account),
    ...policyReader(run, account),
    ...accessKeyReader(run, account),
    ...instanceProfileReader(run, account),
    ...mfaDeviceReader(run, account),
    ...oidcProviderReader(run, account),
    ...detailReader(run, account),
    ...credentialReportReader(run, account),
    ...accountReader(run, account),
  };
}

function changeOf(run: Run, account: string): IdentityChange {
  return {
    ...readerOf(run, account),
    ...entityWriter(run, account),
    ...policyWriter(run, account),
    ...accessKeyWriter(run, account),
    ...instanceProfileWriter(run, account),
    ...mfaDeviceWriter(run, account),
    ...oidcProviderWriter(run, account),
    ...accountWriter(run, account),
    ...namedPrincipals(run),
  };
}
