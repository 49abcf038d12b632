import type { Cause } from "../../../audit/cause.ts";
import type { AccessKeyReader, AccessKeyWriter } from "./access-keys.ts";
import type { AccountReader, AccountWriter } from "./account.ts";
import type { CredentialReportReader } from "./credential-report.ts";
import type { DetailReader } from "./details.ts";
import type { EntityReader, EntityWriter } from "./entities.ts";
import type { InstanceProfileReader, InstanceProfileWriter } from "./instance-profiles.ts";
import type { MfaDeviceReader, MfaDeviceWriter } from "./mfa-devices.ts";
import type { NamedPrincipals } from "./named-principals.ts";
import type { OidcProviderReader, OidcProviderWriter } from "./oidc-providers.ts";
import type { PolicyReader, PolicyWriter } from "./policies.ts";

export type * from "./access-keys.ts";
export type * from "./account.ts";
export type * from "./credential-report.ts";
export type * from "./details.ts";
export type * from "./entities.ts";
export type * from "./instance-profiles.ts";
export type * from "./mfa-devices.ts";
export type * from "./named-principals.ts";
export type * from "./oidc-providers.ts";
export type * from "./policies.ts";

/** Everything that IAM knows about one account. */
export interface IdentityReader
  extends EntityReader,
    PolicyReader,
    AccessKeyReader,
    InstanceProfileReader,
    MfaDeviceReader,
    OidcProviderReader,
    AccountReader,
    DetailReader,
    CredentialReportReader {}

/** One change of an account: all that it reads stays true until it ends. */
export interface IdentityChange
  extends IdentityReader,
    EntityWriter,
    PolicyWriter,
    AccessKeyWriter,
    InstanceProfileWriter,
    MfaDeviceWriter,
    OidcProviderWriter,
    AccountWriter,
    NamedPrincipals {}

/** Where principals and their policies live. */
export interface IdentityStore {
  /** Reads outside of any transaction, each statement by itself. */
  reader(account: string): IdentityReader;
  /**
   * One transaction. Changes of one account run one after the other, so that a rule may be checked by reading before
   * writing; what depends on the account's policies sees a new version when it commits. The audit log has it with the
   * change or not at all.
   */
  change<T>(
    account: string,
    cause: Cause,
    at: Date,
    work: (change: IdentityChange) => Promise<T>,
  ): Promise<T>;
}
