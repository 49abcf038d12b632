import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import { AccountVersions } from "../../../src/iam/access/account-versions.ts";
import { PolicyAuthorizer } from "../../../src/iam/access/policy-authorizer.ts";
import {
  type ResourceAddress,
  ResourcePolicyCache,
  type ResourcePolicyTexts,
} from "../../../src/iam/access/resource-policies.ts";
import type { AccountVersion, PrincipalPolicies } from "../../../src/iam/principals/principal-policies.ts";
import { PrincipalPolicyCache } from "../../../src/iam/principals/principal-policy-cache.ts";
import { StoredPolicies } from "../../../src/iam/principals/stored-policies.ts";
import { ManualClock } from "../../support/clock.ts";
import { ACCOUNT, OTHER_ACCOUNT } from "../policy/builders.ts";

export const REGION = "eu-north-1";

/** Policy texts of a principal, and its tags. */
export interface PrincipalTexts {
  readonly identity?: string;
  readonly boundary?: string;
  readonly session?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Everything that an authorizer reads, in memory; what changes is in force at once. */
export interface World {
  readonly authorizer: PolicyAuthorizer;
  readonly accounts: Map<string, AccountVersion>;
  /** Documents that were decided, and look-ups of principals and resources. */
  readonly count: { decisions: number; principals: number; resources: number };
  /** By unique id, or the account of a root. */
  principal(id: string, texts: PrincipalTexts | undefined, account?: string): void;
  /** By `<account>/<region>/<name>`; without a name the registry. Something of IAM by its ARN. */
  resource(address: string, texts: Partial<ResourcePolicyTexts>): void;
  disable(account: string): void;
}

export function makeWorld(tick: () => void): World {
  const accounts = new Map<string, AccountVersion>();
  for (const account of [ACCOUNT, OTHER_ACCOUNT]) accounts.set(account, { version: 1, disabled: false });
  const principals = new Map<string, PrincipalTexts>([
    [ACCOUNT, {}],
    [OTHER_ACCOUNT, {}],
  ]);
  const resources = new Map<string, Partial<ResourcePolicyTexts>>();
  const count = { decisions: 0, principals: 0, resources: 0 };
  const stored = new StoredPolicies();
  const policies = {
    async load({ account, uniqueId = account }: { account: string; uniqueId: string | undefined }) {
      count.principals++;
      const found = accounts.get(account);
      const texts = principals.get(uniqueId);
      if (texts === undefined || found === undefined || found.disabled) return undefined;
      return compile(stored, texts, found.version);
    },
    versions: async (asked: readonly string[]) => new Map([...accounts].filter(([id]) => asked.includes(id))),
  };
  const resourceStore = {
    async load({ account, region, repository, iamArn }: ResourceAddress) {
      count.resources++;
      if (iamArn !== undefined) return { ...NOTHING, ...resources.get(iamArn) };
      const found = resources.get(`${account}/${region}/${repository ?? ""}`);
      return { ...NOTHING, ...resources.get(`${account}/${region}/`), ...found };
    },
  };
  const casbin = new CasbinDecider();
  const sources = {
    versions: new AccountVersions(policies),
    principals: new PrincipalPolicyCache(policies, new ManualClock()),
    resources: new ResourcePolicyCache(resourceStore, stored),
    region: REGION,
  };
  const bump = (account: string, disabled = false): void => {
    accounts.set(account, { version: (accounts.get(account)?.version ?? 0) + 1, disabled });
    tick();
  };
  return {
    authorizer: new PolicyAuthorizer(sources, {
      decide(...question) {
        count.decisions++;
        return casbin.decide(...question);
      },
    }),
    ...{ accounts, count },
    principal(id, texts, account = ACCOUNT) {
      if (texts === undefined) principals.delete(id);
      else principals.set(id, texts);
      bump(account);
    },
    resource(address, texts) {
      resources.set(address, texts);
      bump(/^arn:/.test(address) ? (address.split(":")[4] ?? "") : (address.split("/")[0] ?? ""));
    },
    disable: (account) => bump(account, true),
  };
}

const NOTHING: ResourcePolicyTexts = {
  ...{ repositoryPolicy: undefined, registryPolicy: undefined, registryScope: "V2", tags: {} },
};

function compile(stored: StoredPolicies, texts: PrincipalTexts, version: number): PrincipalPolicies {
  const attached = (kind: "identity" | "boundary" | "session") => {
    const text = texts[kind];
    return text === undefined ? [] : [stored.attached(kind, kind, text)];
  };
  return {
    ...{ version, identity: attached("identity"), boundary: attached("boundary")[0] },
    ...{ session: attached("session"), tags: texts.tags ?? {}, sessionFacts: undefined },
  };
}

/** A document of these statements. */
export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

export function allow(action: string | readonly string[], more: object = {}): object {
  return { Effect: "Allow", Action: action, Resource: "*", ...more };
}

/** A statement of a repository policy, which needs no resource. */
export function grant(principal: unknown, action: string | readonly string[], more: object = {}): object {
  return { Effect: "Allow", Principal: principal, Action: action, ...more };
}
