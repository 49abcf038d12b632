import type { Tags } from "./entity.ts";

declare const policyId: unique symbol;
export type PolicyId = number & { readonly [policyId]: true };

/** A managed policy: of an account, or AWS's own, which has no row. */
export interface ManagedPolicy {
  /** Undefined for AWS's own. */
  readonly id: PolicyId | undefined;
  readonly arn: string;
  readonly uniqueId: string;
  readonly path: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly defaultVersion: number;
  readonly tags: Tags;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Users, groups and roles of the account that have it attached. */
  readonly attachments: number;
  /** Users and roles of the account that it bounds. */
  readonly boundaries: number;
}

export interface PolicyVersion {
  readonly version: number;
  readonly document: string;
  readonly isDefault: boolean;
  readonly createdAt: Date;
}

/** A policy that comes with Berth, the same in every account. It has one version. */
export interface AwsPolicy {
  /** `arn:aws:iam::aws:policy/…`. */
  readonly arn: string;
  readonly uniqueId: string;
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly document: string;
  readonly createdAt: Date;
}

/** `v3`, as AWS writes the version 3. */
export function versionName(version: number): string {
  return `v${version}`;
}

/** The number in `v3`; undefined for a name that no version has. */
export function parseVersionName(name: string): number | undefined {
  const [, digits] = /^v([1-9]\d{0,8})$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
