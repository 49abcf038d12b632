import { parseIamArn } from "./arns.ts";
import { noSuch } from "./errors.ts";
import type { AwsPolicy, ManagedPolicy, PolicyVersion } from "./managed-policy.ts";
import type { PolicyReader } from "./ports/index.ts";

/** AWS's managed policies that come with Berth. */
export class AwsPolicies {
  readonly all: readonly AwsPolicy[];
  readonly #byArn: ReadonlyMap<string, AwsPolicy>;

  constructor(policies: readonly AwsPolicy[]) {
    this.all = policies.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#byArn = new Map(policies.map((policy) => [policy.arn, policy]));
  }

  find(arn: string): AwsPolicy | undefined {
    return this.#byArn.get(arn);
  }
}

/** A policy by its ARN: of the account, or AWS's. Undefined also for an ARN of another account. */
export async function findPolicyByArn(
  reader: PolicyReader,
  aws: AwsPolicies,
  account: string,
  arn: string,
): Promise<ManagedPolicy | undefined> {
  const own = aws.find(arn);
  if (own !== undefined) return awsPolicy(own, await reader.countUses(arn));
  const parts = parseIamArn(arn);
  if (parts?.kind !== "policy" || parts.account !== account) return undefined;
  const found = await reader.findPolicy(parts.path, parts.name);
  return found?.arn === arn ? found : undefined;
}

/** @throws IamError NoSuchEntityException */
export async function requirePolicy(
  reader: PolicyReader,
  aws: AwsPolicies,
  account: string,
  arn: string,
): Promise<ManagedPolicy> {
  const policy = await findPolicyByArn(reader, aws, account, arn);
  if (policy === undefined) throw noSuch(`Policy ${arn} was not found.`);
  return policy;
}

/** Newest first. */
export async function versionsOf(
  reader: PolicyReader,
  aws: AwsPolicies,
  policy: ManagedPolicy,
): Promise<readonly PolicyVersion[]> {
  if (policy.id !== undefined) return reader.listVersions(policy.id);
  const own = aws.find(policy.arn);
  if (own === undefined) return [];
  return [{ version: 1, document: own.document, isDefault: true, createdAt: own.createdAt }];
}

/** One of AWS's policies as an account sees it. */
export function awsPolicy(
  policy: AwsPolicy,
  uses: { readonly attachments: number; readonly boundaries: number },
): ManagedPolicy {
  const { arn, uniqueId, path, name, description, createdAt } = policy;
  return {
    ...{ arn, uniqueId, path, name, description, createdAt },
    ...{ id: undefined, defaultVersion: 1, tags: {}, updatedAt: createdAt },
    ...uses,
  };
}
