import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  postgresAccounts,
  postgresIdentity,
  postgresPrincipalPolicies,
  readAwsPolicies,
} from "../../../../src/adapters/postgres/iam/index.ts";
import { postgresResourcePolicies } from "../../../../src/adapters/postgres/iam/resource-policies.ts";
import { postgresPolicies } from "../../../../src/adapters/postgres/policies.ts";
import { postgresRegistries } from "../../../../src/adapters/postgres/registries.ts";
import { createRole, createUser } from "../../../../src/iam/principals/create-entities.ts";
import { deleteEntity } from "../../../../src/iam/principals/delete-entity.ts";
import { putInlinePolicy } from "../../../../src/iam/principals/inline-policies.ts";
import { createPolicy } from "../../../../src/iam/principals/managed-policies.ts";
import { StoredPolicies } from "../../../../src/iam/principals/stored-policies.ts";
import { parseRepositoryName } from "../../../../src/registry/names.ts";
import type { Scope } from "../../../../src/registry/scope.ts";
import { Scopes } from "../../../../src/registry/scopes.ts";
import { makeTestHome, openTestState } from "../../../support/berth.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";

const [A, B] = ["111111111111", "222222222222"];
const REGIONS = ["eu-north-1", "us-east-1"];
const APP = parseRepositoryName("team/app");
const AT = new Date("2030-01-01T00:00:00Z");

const home = await makeTestHome();
const { database, close } = await openTestState(home);
afterAll(async () => {
  await close();
  await home.remove();
});
const policies = postgresPolicies(database);
const resources = postgresResourcePolicies(database);
const identity = postgresIdentity(database);
const aws = readAwsPolicies();
const principals = postgresPrincipalPolicies(database, aws, new StoredPolicies());

/** A registry of each account in each region, every one with a repository of the same name. */
const scopes: Scope[] = [];
beforeAll(async () => {
  const registries = new Scopes(postgresRegistries(database), ["*"]);
  for (const account of [A, B]) {
    await postgresAccounts(database).create({ id: account, name: undefined }, REGIONS[0] ?? "", CAUSE, AT);
    for (const region of REGIONS) scopes.push(await registries.open({ account, region }));
  }
  for (const { id } of scopes) {
    await rowsOf(
      { database },
      "INSERT INTO repositories (registry_id, name, created_at) VALUES ($1, $2, $3)",
      [...[id, APP, AT]],
    );
  }
});

const nameOf = ({ account, region }: Scope): string => `${account} ${region}`;
const textOf = (what: string, scope: Scope): string => `${what} of ${nameOf(scope)}`;
const versions = async (): Promise<readonly number[]> => {
  const found = await principals.versions([A, B]);
  return [A, B].map((account) => found.get(account)?.version ?? -1);
};

describe("policies and tags of four registries with a repository of one name", () => {
  beforeEach(async () => {
    for (const scope of scopes) {
      await policies.setOfRepository(scope, APP, textOf("repository", scope), CAUSE, AT);
      await policies.setOfRegistry(scope, textOf("registry", scope), CAUSE, AT);
      await rowsOf(
        { database },
        `INSERT INTO repository_resource_tags SELECT id, 'of', $2 FROM repositories WHERE registry_id = $1
          ON CONFLICT DO NOTHING`,
        [scope.id, nameOf(scope)],
      );
    }
  });

  const seen = async (scope: Scope) => ({
    stored: [await policies.ofRepository(scope, APP), await policies.ofRegistry(scope)],
    decided: await resources.load({ ...scope, repository: APP }),
    ofRegistry: await resources.load({ ...scope, repository: undefined }),
  });
  const whole = (scope: Scope) => {
    const repositoryPolicy = textOf("repository", scope);
    const registryPolicy = textOf("registry", scope);
    const none = { repositoryPolicy: undefined, registryScope: "V2", tags: {} };
    return {
      stored: [{ text: repositoryPolicy }, registryPolicy],
      decided: { repositoryPolicy, registryPolicy, registryScope: "V2", tags: { of: nameOf(scope) } },
      ofRegistry: { ...none, registryPolicy },
    };
  };

  test("are each registry's own", async () => {
    for (const scope of scopes) expect(await seen(scope)).toEqual(whole(scope));
  });

  test("go from one alone, and move the version of its account alone", async () => {
    for (const scope of scopes) {
      const before = await versions();
      expect(await policies.deleteOfRepository(scope, APP, CAUSE, AT)).toEqual({
        text: textOf("repository", scope),
      });
      expect(await policies.deleteOfRegistry(scope, CAUSE, AT)).toBe(textOf("registry", scope));
      const moved = (await versions()).map((version, at) => version !== before[at]);
      expect(moved).toEqual([scope.account === A, scope.account === B]);
      for (const other of scopes) {
        if (other !== scope) expect(await seen(other)).toEqual(whole(other));
      }
      expect((await seen(scope)).stored).toEqual([{ text: undefined }, undefined]);
      await policies.setOfRepository(scope, APP, textOf("repository", scope), CAUSE, AT);
      await policies.setOfRegistry(scope, textOf("registry", scope), CAUSE, AT);
    }
  });

  test("are nobody's whose registry is not there", async () => {
    const nowhere = { account: A, region: "mars-1" };
    expect(await resources.load({ ...nowhere, repository: APP })).toMatchObject({ tags: {} });
    expect((await resources.load({ ...nowhere, repository: APP })).registryPolicy).toBeUndefined();
    expect(await policies.ofRepository({ ...nowhere, id: -1 as Scope["id"] }, APP)).toBe("unknown");
  });
});

describe("principals of two accounts with the same names", () => {
  const document = (account: string): string =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: { Sid: `of${account}`, Effect: "Allow", Action: "ecr:*", Resource: "*" },
    });
  const ids = new Map<string, string>();
  beforeAll(async () => {
    for (const account of [A, B]) {
      await identity.change(account, CAUSE, AT, async (change) => {
        const tags = [{ Key: "of", Value: account }];
        const input = { account, name: "alice", path: "/team/", boundary: undefined, tags };
        ids.set(account, (await createUser(change, aws, input, AT)).uniqueId);
        await putInlinePolicy(change, "user", "alice", { name: "own", document: document(account) });
        await createPolicy(
          change,
          aws,
          { account, name: "shared", path: "/", description: undefined, tags, document: document(account) },
          AT,
        );
      });
    }
  });
  const load = (account: string, uniqueId = ids.get(account)) =>
    principals.load({ account, uniqueId, accessKeyId: undefined }, AT);

  test("have their own policies and tags, and are found in their own account alone", async () => {
    for (const account of [A, B]) {
      const found = await load(account);
      expect(found?.tags).toEqual({ of: account });
      expect(found?.identity.map(({ document: { statements } }) => statements[0]?.sid)).toEqual([
        `of${account}`,
      ]);
      expect(await load(account, ids.get(account === A ? B : A))).toBeUndefined();
    }
  });

  test("are found by their unique ids by their own account alone", async () => {
    for (const account of [A, B]) {
      const find = (of: string) => identity.reader(account).findEntityByUniqueId(ids.get(of) ?? "");
      expect(await find(account)).toMatchObject({ name: "alice", uniqueId: ids.get(account) });
      expect(await find(account === A ? B : A)).toBeUndefined();
    }
  });

  test("managed policies have the tags of their own account", async () => {
    const arn = (account: string): string => `arn:aws:iam::${account}:policy/shared`;
    const tagsOf = async (account: string, iamArn: string) =>
      (await resources.load({ account, region: "eu-north-1", repository: undefined, iamArn })).tags;
    for (const account of [A, B]) expect(await tagsOf(account, arn(account))).toEqual({ of: account });
    expect(await tagsOf(A, arn(B))).toEqual({});
  });

  test("identity providers and devices have the tags of their own account", async () => {
    const provider = (account: string): string => `arn:aws:iam::${account}:oidc-provider/idp.example`;
    const device = (account: string): string => `arn:aws:iam::${account}:mfa/phone`;
    for (const account of [A, B]) {
      const tags = JSON.stringify({ of: account });
      await rowsOf(
        { database },
        `INSERT INTO iam_oidc_providers (account_id, url, tags, created_at) VALUES ($1, 'idp.example', $2, $3)`,
        [account, tags, AT],
      );
      await rowsOf(
        { database },
        `INSERT INTO iam_mfa_devices (serial_number, account_id, name, seed_ciphertext, master_key_id, tags, created_at)
          VALUES ($1, $2, 'phone', '', '', $3, $4)`,
        [device(account), account, tags, AT],
      );
    }
    for (const arn of [provider, device]) {
      const tagsOf = async (account: string, iamArn: string) =>
        (await resources.load({ account, region: "eu-north-1", repository: undefined, iamArn })).tags;
      for (const account of [A, B]) expect(await tagsOf(account, arn(account))).toEqual({ of: account });
      expect(await tagsOf(A, arn(B))).toEqual({});
    }
  });

  test("one that is deleted is followed in the policies that name it, and its namesake's stay", async () => {
    const [first, , third] = scopes;
    if (first === undefined || third === undefined) throw new Error("no scopes");
    const naming = (account: string): string => {
      const Principal = { AWS: `arn:aws:iam::${account}:user/bob` };
      return JSON.stringify({ Statement: [{ Effect: "Allow", Principal, Action: "ecr:PutImage" }] });
    };
    for (const account of [A, B]) {
      await identity.change(account, CAUSE, AT, async (change) => {
        await createUser(change, aws, { account, name: "bob", path: "/", boundary: undefined, tags: [] }, AT);
        const trustPolicy = JSON.stringify({
          Statement: {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${account}:user/bob` },
            Action: "sts:AssumeRole",
          },
        });
        await createRole(
          change,
          aws,
          {
            ...{ account, name: "r", path: "/", boundary: undefined, tags: [], trustPolicy },
            ...{ description: undefined, maxSessionDuration: undefined },
          },
          AT,
        );
      });
    }
    // Each account's repository names the other account's user.
    expect(await policies.setOfRepository(first, APP, naming(B), CAUSE, AT)).toBe("set");
    expect(await policies.setOfRepository(third, APP, naming(A), CAUSE, AT)).toBe("set");
    await identity.change(A, CAUSE, AT, (change) => deleteEntity(change, "user", "bob"));
    expect(await policies.ofRepository(first, APP)).toEqual({ text: naming(B) });
    expect(await policies.ofRepository(third, APP)).toEqual({ text: expect.stringMatching(/"AWS":"AIDA/) });
    const trustOf = async (account: string) =>
      (await identity.reader(account).findEntity("role", "r"))?.trustPolicy;
    expect(await trustOf(A)).toMatch(/"AWS":"AIDA/);
    expect(await trustOf(B)).toContain(`${B}:user/bob`);
  });
});
