import type { AttachedPolicy } from "../policy/access.ts";
import { DocumentHolders } from "../principals/document-holders.ts";
import type { StoredPolicies } from "../principals/stored-policies.ts";

/** A repository of an account in a region, by name, or something of IAM: it need not exist. */
export interface ResourceAddress {
  readonly account: string;
  readonly region: string;
  /** Undefined for what has no repository: the registry as a whole. */
  readonly repository: string | undefined;
  /** ARN of a managed policy, identity provider or MFA device of the account, which has tags and no policy. */
  readonly iamArn?: string;
}

/** What hangs on a resource, as texts. */
export interface ResourcePolicyTexts {
  readonly repositoryPolicy: string | undefined;
  readonly registryPolicy: string | undefined;
  readonly registryScope: "V1" | "V2";
  readonly tags: Readonly<Record<string, string>>;
}

export interface ResourcePolicyStore {
  /** One query. What does not exist has no policy and no tags. */
  load(address: ResourceAddress): Promise<ResourcePolicyTexts>;
}

/** The same, compiled. */
export interface ResourcePolicies {
  readonly policies: readonly AttachedPolicy[];
  readonly tags: Readonly<Record<string, string>>;
}

/** Of what hangs nothing on. */
export const NO_RESOURCE_POLICIES: ResourcePolicies = { policies: [], tags: {} };

const SIZE = { entries: 10_000, characters: 4 * 1024 * 1024 };

interface Known {
  readonly version: number;
  readonly found: ResourcePolicies;
}

/** Policies of resources, good for as long as the version of the owning account stays. */
export class ResourcePolicyCache {
  readonly #store: ResourcePolicyStore;
  readonly #stored: StoredPolicies;
  readonly #known = new DocumentHolders<Known>(SIZE, ({ found }) => found.policies);

  constructor(store: ResourcePolicyStore, stored: StoredPolicies) {
    this.#store = store;
    this.#stored = stored;
  }

  /** `version` is what the caller read of the owning account. */
  async load(address: ResourceAddress, version: number): Promise<ResourcePolicies> {
    const { account, region, repository, iamArn } = address;
    const key = iamArn ?? `${account}/${region}/${repository ?? ""}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.version >= version) return known.found;
    const found = this.#compile(address, await this.#store.load(address));
    // Read after the version: at least as new, and held against it again next time.
    this.#known.set(key, { version, found });
    return found;
  }

  #compile(address: ResourceAddress, texts: ResourcePolicyTexts): ResourcePolicies {
    const { account, region, repository } = address;
    const policies: AttachedPolicy[] = [];
    if (texts.repositoryPolicy !== undefined) {
      const label = `policy of repository ${repository}`;
      const where = { kind: "repository", account, region } as const;
      policies.push(this.#stored.attached(label, where, texts.repositoryPolicy));
    }
    if (texts.registryPolicy !== undefined) {
      const label = `policy of registry ${account}`;
      const where = { kind: "registry", scope: texts.registryScope, account, region } as const;
      policies.push(this.#stored.attached(label, where, texts.registryPolicy));
    }
    return { policies, tags: texts.tags };
  }
}
