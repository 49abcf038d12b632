import { beforeEach, expect, test } from "vitest";
import { ResourcePolicyCache, type ResourcePolicyTexts } from "../../../src/iam/access/resource-policies.ts";
import { StoredPolicies } from "../../../src/iam/principals/stored-policies.ts";
import { ACCOUNT } from "../policy/builders.ts";
import { grant, policy, REGION } from "./world.ts";

const APP = { account: ACCOUNT, region: REGION, repository: "team/app" };
const PULL = policy(grant("*", "ecr:BatchGetImage"));
const PUSH = policy(grant("*", "ecr:PutImage"));
const ANY = policy(grant("*", "ecr:CreateRepository", { Resource: "*" }));

let texts: ResourcePolicyTexts;
let loaded: unknown[];
/** What the next load waits for, once it has read. */
let loading: Promise<void>;
let cache: ResourcePolicyCache;

beforeEach(() => {
  texts = { repositoryPolicy: PULL, registryPolicy: undefined, registryScope: "V2", tags: { team: "blue" } };
  loaded = [];
  loading = Promise.resolve();
  const store = {
    async load(address: unknown) {
      loaded.push(address);
      const read = texts;
      await loading;
      return read;
    },
  };
  cache = new ResourcePolicyCache(store, new StoredPolicies());
});

const actionsOf = async (version: number, address = APP): Promise<readonly string[]> =>
  (await cache.load(address, version)).policies.flatMap(({ document }) =>
    document.statements.flatMap(({ actions }) => actions.written),
  );

test("policies and tags are read once for a version of the account", async () => {
  const found = await cache.load(APP, 1);
  expect(found.tags).toEqual({ team: "blue" });
  expect(found.policies.map(({ label, document }) => [label, document.kind])).toEqual([
    ["policy of repository team/app", "repository"],
  ]);
  expect(await cache.load(APP, 1)).toBe(found);
  expect(loaded).toEqual([APP]);
});

test("a newer version is read; an older one is answered by what is newer", async () => {
  await cache.load(APP, 1);
  texts = { ...texts, repositoryPolicy: PUSH };
  expect(await actionsOf(2)).toEqual(["ecr:PutImage"]);
  expect(await actionsOf(1)).toEqual(["ecr:PutImage"]);
  expect(loaded).toHaveLength(2);
});

test("a slow reading of an older version does not hide a change", async () => {
  let finish: () => void = () => undefined;
  loading = new Promise((resolve) => (finish = resolve));
  const slow = cache.load(APP, 1);
  loading = Promise.resolve();
  texts = { ...texts, repositoryPolicy: PUSH };
  expect(await actionsOf(2)).toEqual(["ecr:PutImage"]);
  finish();
  await slow;
  expect(await actionsOf(2)).toEqual(["ecr:PutImage"]);
});

test("repositories, regions, accounts and registries are apart", async () => {
  const addresses = [
    APP,
    { ...APP, repository: undefined },
    { ...APP, repository: "undefined" },
    { ...APP, repository: "team/other" },
    { ...APP, region: "us-east-1" },
    { ...APP, account: "210987654321" },
  ];
  for (const address of [...addresses, ...addresses]) await cache.load(address, 1);
  expect(loaded).toEqual(addresses);
});

test("the policy of the registry stands beside, in its scope", async () => {
  texts = { ...texts, registryPolicy: ANY };
  const scopes = async (version: number) =>
    (await cache.load(APP, version)).policies.map(({ label, document }) => [label, document.scope]);
  expect(await scopes(1)).toEqual([
    ["policy of repository team/app", undefined],
    [`policy of registry ${ACCOUNT}`, "V2"],
  ]);
  texts = { ...texts, registryScope: "V1" };
  expect(await scopes(2)).toEqual([
    ["policy of repository team/app", undefined],
    [`policy of registry ${ACCOUNT}`, "V1"],
  ]);
});

test("a policy of the registry that scope V1 would refuse is read as it was written under V2", async () => {
  // Accepted under V2: it names an action that V1 does not know.
  texts = { ...texts, registryPolicy: policy(grant("*", "ecr:BatchGetImage", { Resource: "*" })) };
  texts = { ...texts, repositoryPolicy: undefined, registryScope: "V1" };
  const [found] = (await cache.load(APP, 1)).policies;
  expect(found?.label).toBe(`policy of registry ${ACCOUNT}`);
  expect(found?.document).toMatchObject({ kind: "registry", scope: "V1", statements: [{ effect: "Allow" }] });
});

test.each(["{", "{}", `{"Statement":[],"Version":"2030-01-01"}`])(
  "policies %j that nobody can read are marked, of repositories and of registries in both scopes",
  async (text) => {
    texts = { ...texts, repositoryPolicy: text, registryPolicy: text };
    const marks = async (version: number) =>
      (await cache.load(APP, version)).policies.map(({ document: { scope, unreadable } }) => [
        ...[scope, typeof unreadable],
      ]);
    expect(await marks(1)).toEqual([
      [undefined, "string"],
      ["V2", "string"],
    ]);
    texts = { ...texts, registryScope: "V1" };
    expect(await marks(2)).toEqual([
      [undefined, "string"],
      ["V1", "string"],
    ]);
  },
);

test("something of IAM has an address of its own", async () => {
  const address = { ...APP, repository: undefined, iamArn: `arn:aws:iam::${ACCOUNT}:policy/p` };
  const other = { ...address, iamArn: `arn:aws:iam::${ACCOUNT}:policy/q` };
  for (const each of [address, other, address, other]) await cache.load(each, 1);
  expect(loaded).toEqual([address, other]);
});

test("what has no policy has none", async () => {
  texts = { ...texts, repositoryPolicy: undefined, tags: {} };
  expect(await cache.load(APP, 1)).toEqual({ policies: [], tags: {} });
});

test("a failure to read is not kept", async () => {
  loading = Promise.reject(new Error("connection lost"));
  await expect(cache.load(APP, 1)).rejects.toThrow("connection lost");
  loading = Promise.resolve();
  expect(await actionsOf(1)).toEqual(["ecr:BatchGetImage"]);
});
