import type { EcrPorts, RepositoryRecord } from "../../../../src/http/aws/ecr/ports.ts";
import { PageTokens } from "../../../../src/http/aws/page-tokens.ts";
import type { RegistryAddress } from "../../../../src/registry/scope.ts";

interface Kept {
  readonly record: RepositoryRecord;
  readonly tags: Readonly<Record<string, string>>;
  policy: string | undefined;
}

/** ECR's ports in memory, and what a test may do to them. */
export interface MemoryPorts extends EcrPorts {
  /** Repositories that hold an image, as `<account>/<region>/<name>`. */
  readonly filled: Set<string>;
  readonly issued: { readonly arn: string; readonly expiresAt: Date }[];
  tagsOf(registry: RegistryAddress, name: string): Readonly<Record<string, string>> | undefined;
}

export function memoryPorts(): MemoryPorts {
  const kept = new Map<string, Kept>();
  const registryPolicies = new Map<string, string>();
  const filled = new Set<string>();
  const issued: { arn: string; expiresAt: Date }[] = [];
  const keyOf = ({ account, region }: RegistryAddress, name = ""): string => `${account}/${region}/${name}`;
  return {
    filled,
    issued,
    tagsOf: (registry, name) => kept.get(keyOf(registry, name))?.tags,
    repositories: {
      async create(registry, { tags, ...draft }, _cause, at) {
        const key = keyOf(registry, draft.name);
        if (kept.has(key)) return undefined;
        const record = { ...draft, createdAt: at };
        kept.set(key, { record, tags, policy: undefined });
        return record;
      },
      async find(registry, names) {
        return names.flatMap((name) => kept.get(keyOf(registry, name))?.record ?? []).toReversed();
      },
      async page(registry, after, limit) {
        return [...kept]
          .filter(([key, { record }]) => key.startsWith(keyOf(registry)) && record.name > after)
          .map(([, { record }]) => record)
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .slice(0, limit);
      },
      async delete(registry, name, { force }) {
        const key = keyOf(registry, name);
        const found = kept.get(key);
        if (found === undefined) return "unknown";
        if (filled.has(key) && !force) return "not-empty";
        kept.delete(key);
        return found.record;
      },
    },
    repositoryPolicies: {
      async set(registry, name, text) {
        const found = kept.get(keyOf(registry, name));
        if (found === undefined) return "unknown";
        found.policy = text;
        return "set";
      },
      async get(registry, name) {
        const found = kept.get(keyOf(registry, name));
        return found === undefined ? "unknown" : { text: found.policy };
      },
      async delete(registry, name) {
        const found = kept.get(keyOf(registry, name));
        if (found === undefined) return "unknown";
        const text = found.policy;
        found.policy = undefined;
        return { text };
      },
    },
    registryPolicies: {
      async put(registry, text) {
        registryPolicies.set(keyOf(registry), text);
      },
      async get(registry) {
        return registryPolicies.get(keyOf(registry));
      },
      async delete(registry) {
        const text = registryPolicies.get(keyOf(registry));
        registryPolicies.delete(keyOf(registry));
        return text;
      },
    },
    policyRules: {
      repositoryPolicyProblem: async (text) => problemOf(text),
      registryPolicyProblem: async (text) => problemOf(text),
      keepsAccess: async (_principal, text) => !text.includes("Deny"),
    },
    tokens: {
      lifetime: 43_200,
      async issueToken({ arn }, expiresAt) {
        issued.push({ arn, expiresAt });
        return "header.payload.signature";
      },
    },
    hosts: {
      hostOf: ({ account, region }) => `${account}.dkr.ecr.${region}.berth.test:5000`,
      endpointOf: ({ account, region }) => `https://${account}.dkr.ecr.${region}.berth.test:5000`,
    },
    pageTokens: new PageTokens(Buffer.alloc(32, 7)),
  };
}

function problemOf(text: string): string | undefined {
  try {
    return typeof JSON.parse(text) === "object" ? undefined : "the document is no object";
  } catch {
    return "the document is no JSON";
  }
}
