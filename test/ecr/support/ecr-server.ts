import { LRUCache } from "lru-cache";
import { postgresAccountSettings } from "../../../src/adapters/postgres/account-settings.ts";
import { postgresAccounts } from "../../../src/adapters/postgres/iam/index.ts";
import { postgresImages } from "../../../src/adapters/postgres/images/index.ts";
import { postgresPulls } from "../../../src/adapters/postgres/images/pulls.ts";
import { postgresLifecyclePolicies } from "../../../src/adapters/postgres/lifecycle/policies.ts";
import { postgresPreviews } from "../../../src/adapters/postgres/lifecycle/previews.ts";
import { postgresManifests } from "../../../src/adapters/postgres/manifests/index.ts";
import { postgresPolicies } from "../../../src/adapters/postgres/policies.ts";
import { postgresRegistries } from "../../../src/adapters/postgres/registries.ts";
import { postgresRepositories } from "../../../src/adapters/postgres/repositories.ts";
import { postgresResourceTags } from "../../../src/adapters/postgres/resource-tags.ts";
import { postgresTemplates } from "../../../src/adapters/postgres/templates.ts";
import { ecrHandlers } from "../../../src/http/aws/ecr/index.ts";
import type { EcrPorts } from "../../../src/http/aws/ecr/ports.ts";
import { PageTokens } from "../../../src/http/aws/page-tokens.ts";
import { Turns } from "../../../src/kernel/turns.ts";
import type { RegistryPorts } from "../../../src/registry/ports/index.ts";
import { Scopes } from "../../../src/registry/scopes.ts";
import { ACCOUNT, type AwsServer, REGION, startAwsServer } from "../../http/aws/support/aws-server.ts";
import { makeTestHome, openTestState } from "../../support/berth.ts";
import { CAUSE } from "../../support/cause.ts";
import { rowsOf } from "../../support/rows.ts";

/** Repositories that a registry may have. */
export const QUOTA = 110;
/** Another account with a registry in {@link REGION}. */
export const OTHER = "999999999999";

/** The AWS door with ECR's operations on a real database. Who may do what is the test's, and so is what a policy says. */
export interface EcrServer extends AwsServer {
  /** Tokens that were issued. */
  readonly issued: { readonly arn: string; readonly expiresAt: Date }[];
  /** AWS tags of a repository of {@link ACCOUNT}, by key; undefined when there is no such repository. */
  tagsOf(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Puts a manifest into a repository of {@link ACCOUNT}. */
  fill(name: string): Promise<void>;
  /** Puts another text in the place of a lifecycle policy, as nobody could by the API. */
  spoilLifecyclePolicy(name: string, text: string): Promise<void>;
  /** Forgets every repository, policy and question of the test before. */
  reset(): Promise<void>;
}

export async function startEcrServer(): Promise<EcrServer> {
  const home = await makeTestHome();
  const state = await openTestState(home);
  const { database } = state;
  const issued: { arn: string; expiresAt: Date }[] = [];
  const handlers = { ecr: {} };
  const server = await startAwsServer({ handlers, door: { regions: ["*"] } });
  const ports: EcrPorts = {
    scopes: new Scopes(postgresRegistries(database), ["*"]),
    repositories: postgresRepositories(database, QUOTA),
    images: postgresImages(database),
    // Layers are tried on the whole server.
    registry: {} as RegistryPorts,
    manifests: postgresManifests(database),
    manifestCache: new LRUCache({ max: 100 }),
    pulls: postgresPulls(database),
    pullTimes: { note: () => undefined },
    onPull: undefined,
    layerUrls: { sign: () => "" },
    policies: postgresPolicies(database),
    resourceTags: postgresResourceTags(database),
    accountSettings: postgresAccountSettings(database),
    templates: postgresTemplates(database),
    lifecyclePolicies: postgresLifecyclePolicies(database),
    lifecyclePreviews: {
      ...{ previews: postgresPreviews(database), clock: server.clock, turns: new Turns(), unit: "image" },
      running: { count: 0 },
    },
    clock: server.clock,
    policyRules: {
      repositoryPolicyProblem: async (text) => problemOf(text),
      registryPolicyProblem: async (text, scope) =>
        scope === "V1" && text.includes("V2 only") ? "no action of scope V1" : problemOf(text),
    },
    lockOutRule: { keepsAccess: async (_principal, text) => !text.includes("Deny") },
    tokens: {
      lifetime: 43_200,
      onIssue: () => undefined,
      async issueToken({ arn }, _region, expiresAt) {
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
  Object.assign(handlers.ecr, ecrHandlers(ports));
  for (const id of [ACCOUNT, OTHER]) {
    await postgresAccounts(database).create({ id, name: undefined }, REGION, CAUSE, server.clock.now());
  }
  const one = (name: string): string =>
    `SELECT r.id FROM repositories r JOIN registries g ON g.id = r.registry_id
      WHERE g.account_id = '${ACCOUNT}' AND r.name = '${name}' AND r.deleted_at IS NULL`;
  return {
    ...server,
    issued,
    async tagsOf(name) {
      const [found] = await rowsOf<{ tags: Record<string, string> | null }>(
        { database },
        `SELECT (SELECT jsonb_object_agg(key, value) FROM repository_resource_tags t WHERE t.repository_id = r.id) AS tags
          FROM (${one(name)}) AS r`,
      );
      return found && (found.tags ?? {});
    },
    async fill(name) {
      await rowsOf(
        { database },
        `INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
          SELECT id, '\\x01', 'x/y', 0, '', '2026-01-01', 'test' FROM (${one(name)}) AS r`,
      );
    },
    async spoilLifecyclePolicy(name, text) {
      await rowsOf(
        { database },
        `UPDATE lifecycle_policies SET document = '${text}' WHERE repository_id = (${one(name)})`,
      );
    },
    async reset() {
      await rowsOf({ database }, "TRUNCATE repositories, registry_policies CASCADE");
      await rowsOf(
        { database },
        "UPDATE registries SET blob_mounting = DEFAULT, basic_scan_type_version = DEFAULT, repositories = 0",
      );
      server.denied.clear();
      for (const list of [server.asked, issued]) list.length = 0;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await state.close();
      await home.remove();
    },
  };
}

function problemOf(text: string): string | undefined {
  try {
    return typeof JSON.parse(text) === "object" ? undefined : "the document is no object";
  } catch {
    return "the document is no JSON";
  }
}
