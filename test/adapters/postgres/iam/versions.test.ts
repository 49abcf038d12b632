import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  postgresAccessKeyStore,
  postgresCredentials,
  postgresKeyUsage,
  postgresPrincipalPolicies,
  postgresSigningKeys,
} from "../../../../src/adapters/postgres/iam/index.ts";
import { MasterKey } from "../../../../src/iam/master-key.ts";
import type {
  PolicySubject,
  PrincipalPolicyStore,
} from "../../../../src/iam/principals/principal-policies.ts";
import { PrincipalPolicyCache } from "../../../../src/iam/principals/principal-policy-cache.ts";
import { StoredPolicies } from "../../../../src/iam/principals/stored-policies.ts";
import { keyUsageWriter } from "../../../../src/iam/principals/usage.ts";
import { CAUSE } from "../../../support/cause.ts";
import { HOUR } from "../../../support/clock.ts";
import {
  ACCOUNT,
  allow,
  type IamServer,
  keysOf,
  OTHER,
  type Parameters,
  REGION,
  startIamServer,
  trust,
} from "./iam-server.ts";

let server: IamServer;
let store: PrincipalPolicyStore;
beforeAll(async () => {
  server = await startIamServer();
  store = postgresPrincipalPolicies(server.database, server.ports.aws, new StoredPolicies());
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}) => server.call("iam", action, parameters);
const versionOf = async (account = ACCOUNT): Promise<number> =>
  (await store.versions([account])).get(account)?.version ?? -1;
const run = (text: string, values: readonly unknown[] = []) =>
  server.database.run<Record<string, unknown>>(
    { name: `test_${createHash("md5").update(text).digest("hex")}`, text },
    values,
  );

describe("the version of an account", () => {
  test.each<[string, Parameters]>([
    ["CreateUser", { UserName: "v" }],
    ["CreateGroup", { GroupName: "v" }],
    ["CreateRole", { RoleName: "v", AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) }],
    ["CreatePolicy", { PolicyName: "v", PolicyDocument: allow(["ecr:*"]) }],
    ["AddUserToGroup", { UserName: "v", GroupName: "v" }],
    ["PutUserPolicy", { UserName: "v", PolicyName: "p", PolicyDocument: allow(["ecr:*"]) }],
    ["AttachUserPolicy", { UserName: "v", PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/v` }],
    [
      "PutUserPermissionsBoundary",
      { UserName: "v", PermissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/v` },
    ],
    ["TagUser", { UserName: "v", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v" }],
    [
      "CreatePolicyVersion",
      { PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/v`, PolicyDocument: allow(["s3:*"]), SetAsDefault: true },
    ],
    ["CreateAccessKey", { UserName: "v" }],
    ["UpdateAssumeRolePolicy", { RoleName: "v", PolicyDocument: trust({ AWS: OTHER }) }],
    ["RemoveUserFromGroup", { UserName: "v", GroupName: "v" }],
    ["DeleteUserPolicy", { UserName: "v", PolicyName: "p" }],
    ["CreateInstanceProfile", { InstanceProfileName: "v" }],
    [
      "TagInstanceProfile",
      { InstanceProfileName: "v", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v" },
    ],
    ["DeleteInstanceProfile", { InstanceProfileName: "v" }],
  ])("grows with %s", async (action, parameters) => {
    const [before, other] = [await versionOf(), await versionOf(OTHER)];
    expect((await iam(action, parameters)).status).toBe(200);
    expect(await versionOf()).toBeGreaterThan(before);
    expect(await versionOf(OTHER)).toBe(other);
  });

  test("stays when a change is refused, when something is read and when a role is assumed", async () => {
    const keys = await server.makeUser("reader", ["iam:*"]);
    await iam("CreateRole", {
      RoleName: "assumed",
      AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/reader` }),
    });
    const before = await versionOf();
    await iam("CreateUser", { UserName: "v" });
    await server.call("iam", "ListUsers", {}, keys);
    const assumed = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/assumed`, RoleSessionName: "s1" };
    expect((await server.call("sts", "AssumeRole", assumed, keys)).status).toBe(200);
    expect(await versionOf()).toBe(before);
  });

  test("grows with policies and tags of its repositories, and with the end of one that has them", async () => {
    const [registry, others] = await Promise.all([ACCOUNT, OTHER].map(registryOf));
    const [repository, another] = await Promise.all([registry, others].map(makeRepository));
    const text = "INSERT INTO repository_policies VALUES ($1, '{}', now())";
    const tag = "INSERT INTO repository_resource_tags VALUES ($1, 'team', 'red')";
    for (const statement of [text, tag]) await run(statement, [another]);
    const steps: [string, readonly unknown[]][] = [
      [text, [repository]],
      ["UPDATE repository_policies SET document = '{ }' WHERE repository_id = $1", [repository]],
      [tag, [repository]],
      ["INSERT INTO registry_policies VALUES ($1, '{}', 'V2', now())", [registry]],
      ["UPDATE repositories SET deleted_at = now() WHERE id = $1", [repository]],
    ];
    for (const [statement, values] of steps) {
      const [before, other] = [await versionOf(), await versionOf(OTHER)];
      await run(statement, values);
      expect(await versionOf(), statement).toBeGreaterThan(before);
      expect(await versionOf(OTHER), statement).toBe(other);
    }
    for (const table of ["repository_policies", "repository_resource_tags"])
      expect(await run(`SELECT repository_id AS id FROM ${table}`)).toEqual([{ id: another }]);
  });

  test("grows with the revocation of a session and with tags of a device, and no other's does", async () => {
    await server.call("sts", "GetSessionToken", { DurationSeconds: 900 });
    const device = await iam("CreateVirtualMFADevice", { VirtualMFADeviceName: "versions" });
    const serial = device.one("SerialNumber");
    const steps: [string, () => Promise<unknown>][] = [
      [
        "revocation",
        () => run("UPDATE iam_sessions SET revoked_at = now() WHERE account_id = $1", [ACCOUNT]),
      ],
      [
        "tags",
        () =>
          iam("TagMFADevice", { SerialNumber: serial, "Tags.member.1.Key": "k", "Tags.member.1.Value": "v" }),
      ],
    ];
    for (const [what, change] of steps) {
      const [before, other] = [await versionOf(), await versionOf(OTHER)];
      await change();
      expect(await versionOf(), what).toBeGreaterThan(before);
      expect(await versionOf(OTHER), what).toBe(other);
    }
  });

  async function registryOf(account: string): Promise<unknown> {
    const [row] = await run("SELECT id FROM registries WHERE account_id = $1", [account]);
    return row?.["id"];
  }

  async function makeRepository(registry: unknown): Promise<unknown> {
    const made =
      "INSERT INTO repositories (registry_id, name, created_at) VALUES ($1, 'app', now()) RETURNING id";
    return (await run(made, [registry]))[0]?.["id"];
  }
});

describe("policies of a principal", () => {
  test("are read once for a version, and anew after a change on another node", async () => {
    let loads = 0;
    const counting = {
      ...store,
      load: (subject: PolicySubject, at: Date) => {
        loads++;
        return store.load(subject, at);
      },
    };
    const cache = new PrincipalPolicyCache(counting, server.clock);
    const user = await iam("CreateUser", { UserName: "cached" });
    const subject = { account: ACCOUNT, uniqueId: user.one("UserId"), accessKeyId: undefined };
    expect((await cache.load(subject))?.identity).toEqual([]);
    await cache.load(subject);
    expect(loads).toBe(1);
    await iam("PutUserPolicy", { UserName: "cached", PolicyName: "p", PolicyDocument: allow(["ecr:*"]) });
    expect((await cache.load(subject))?.identity.map(({ label }) => label)).toEqual([
      "inline policy p of user cached",
    ]);
    expect(loads).toBe(2);
    // What the caller read is older than what is known: what is known stands.
    await cache.load(subject, 1);
    expect(loads).toBe(2);
    await iam("DeleteUserPolicy", { UserName: "cached", PolicyName: "p" });
    await iam("DeleteUser", { UserName: "cached" });
    expect(await cache.load(subject)).toBeUndefined();
  });

  test("end with their key", async () => {
    const keys = await server.makeUser("keyless");
    const uniqueId = (await iam("GetUser", { UserName: "keyless" })).one("UserId");
    const cache = new PrincipalPolicyCache(store, server.clock);
    const subject = { account: ACCOUNT, uniqueId, accessKeyId: keys.accessKeyId };
    expect(await cache.load(subject)).toBeDefined();
    await iam("UpdateAccessKey", { UserName: "keyless", AccessKeyId: keys.accessKeyId, Status: "Inactive" });
    expect(await cache.load(subject)).toBeUndefined();
    await iam("UpdateAccessKey", { UserName: "keyless", AccessKeyId: keys.accessKeyId, Status: "Active" });
    expect(await cache.load(subject)).toBeDefined();
    await iam("DeleteAccessKey", { UserName: "keyless", AccessKeyId: keys.accessKeyId });
    expect(await cache.load(subject)).toBeUndefined();
  });

  test("are nobody's for a key of another user", async () => {
    const keys = await server.makeUser("one");
    await iam("CreateUser", { UserName: "two" });
    const uniqueId = (await iam("GetUser", { UserName: "two" })).one("UserId");
    const subject = { account: ACCOUNT, uniqueId, accessKeyId: keys.accessKeyId };
    expect(await store.load(subject, server.clock.now())).toBeUndefined();
  });

  test("of a session carry its tags over those of the role, and end with it", async () => {
    await iam("CreateRole", {
      ...{ RoleName: "tagged", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "role" },
      ...{ "Tags.member.2.Key": "site", "Tags.member.2.Value": "x" },
      AssumeRolePolicyDocument: trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/administrator` }, [
        "sts:AssumeRole",
        "sts:TagSession",
      ]),
    });
    const answer = await server.call("sts", "AssumeRole", {
      ...{ RoleArn: `arn:aws:iam::${ACCOUNT}:role/tagged`, RoleSessionName: "s1" },
      ...{ "Tags.member.1.Key": "team", "Tags.member.1.Value": "session" },
    });
    const { accessKeyId } = keysOf(answer);
    const uniqueId = answer.one("AssumedRoleId").split(":")[0];
    const cache = new PrincipalPolicyCache(store, server.clock);
    const subject = { account: ACCOUNT, uniqueId, accessKeyId };
    expect((await cache.load(subject))?.tags).toEqual({ team: "session", site: "x" });
    server.clock.advance(HOUR);
    expect(await cache.load(subject)).toBeUndefined();
  });
});

describe("secrets", () => {
  test("are encrypted for their key alone", async () => {
    const keys = await server.makeUser("sealed");
    const [row] = await run("SELECT secret_ciphertext FROM access_keys WHERE id = $1", [keys.accessKeyId]);
    expect(String(row?.["secret_ciphertext"])).not.toContain(keys.secretAccessKey);
    const other = await server.makeUser("sealed-2");
    await run("UPDATE access_keys SET secret_ciphertext = $2 WHERE id = $1", [
      other.accessKeyId,
      row?.["secret_ciphertext"],
    ]);
    await expect(
      postgresCredentials(server.database, server.ports.masterKey).find(other.accessKeyId),
    ).rejects.toThrow();
    const strange = postgresCredentials(server.database, new MasterKey(MasterKey.generate()));
    await expect(strange.find(keys.accessKeyId)).rejects.toThrow("master key");
  });
});

describe("use of keys", () => {
  test("is written in batches and shown, the latest only", async () => {
    const keys = await server.makeUser("busy");
    const recorder = keyUsageWriter(postgresKeyUsage(server.database), {
      onFailure: (error) => {
        throw error;
      },
    });
    const use = { accessKeyId: keys.accessKeyId, service: "ecr", region: REGION };
    recorder.add({ ...use, at: new Date("2030-01-01T10:00:00Z") });
    recorder.add({ ...use, at: new Date("2030-01-01T11:00:00Z") });
    recorder.add({ ...use, accessKeyId: "AKIAGONEGONEGONE0000", at: new Date("2030-01-01T11:00:00Z") });
    const shown = async () => iam("GetAccessKeyLastUsed", { AccessKeyId: keys.accessKeyId });
    expect((await shown()).one("ServiceName")).toBe("N/A");
    const before = await versionOf();
    await recorder.close();
    expect(await versionOf()).toBe(before);
    const answer = await shown();
    expect([answer.one("UserName"), answer.one("ServiceName"), answer.one("LastUsedDate")]).toEqual([
      "busy",
      "ecr",
      "2030-01-01T11:00:00Z",
    ]);
    await postgresKeyUsage(server.database).record([{ ...use, at: new Date("2029-01-01T00:00:00Z") }]);
    expect((await shown()).one("LastUsedDate")).toBe("2030-01-01T11:00:00Z");
  });
});

describe("the first administrator", () => {
  test("is a user with a policy that people can change, made once by many nodes", async () => {
    const keys = postgresAccessKeyStore(server.database);
    const account = "777788889999";
    await keys.createAccount(account, REGION, CAUSE, server.clock.now());
    const principal = `arn:aws:iam::${account}:user/administrator`;
    const id = "AKIAFIRSTFIRSTFIRST0";
    const add = (secret: string, of = account) =>
      keys.add(
        {
          ...{ id, account: of, principal: `arn:aws:iam::${of}:user/administrator` },
          sealed: server.ports.masterKey.seal(secret, id),
        },
        CAUSE,
        server.clock.now(),
      );
    await Promise.all([add("secret"), add("secret"), add("secret")]);
    const first = await keys.find(id);
    expect(first).toMatchObject({ id, account, principal, active: true });
    expect(await keys.hasKey(account, principal)).toBe(true);
    expect((await server.ports.identity.reader(account).countAll()).users).toBe(1);
    await add("another");
    await add("another", ACCOUNT);
    expect(await keys.find(id)).toEqual(first);
  });
});

describe("signing keys", () => {
  test("are kept with the newest first, and forgotten when long retired", async () => {
    const keys = postgresSigningKeys(server.database);
    const key = (kid: string, createdAt: Date) => ({
      ...{ kid, createdAt, publicJwk: { kty: "EC" }, retiredAt: undefined },
      privateJwk: server.ports.masterKey.seal("{}", kid),
    });
    const [first, second] = [new Date("2030-01-01"), new Date("2030-02-01")];
    await keys.add(key("a", first));
    await keys.add(key("b", second));
    expect((await keys.list()).map(({ kid, retiredAt }) => [kid, retiredAt])).toEqual([
      ["b", undefined],
      ["a", second],
    ]);
    await keys.removeRetired(new Date("2030-03-01"));
    expect((await keys.list()).map(({ kid }) => kid)).toEqual(["b"]);
  });
});

describe("sessions that are over", () => {
  test("are deleted some at a time", async () => {
    await server.call("sts", "GetSessionToken", { DurationSeconds: 900 });
    await server.call("sts", "GetSessionToken", { DurationSeconds: 900 });
    const later = new Date(server.clock.now().getTime() + 48 * HOUR);
    expect(await server.ports.sessions.deleteExpired(later, 1)).toBe(1);
    expect(await server.ports.sessions.deleteExpired(later, 100)).toBeGreaterThan(0);
    expect(await server.ports.sessions.deleteExpired(later, 100)).toBe(0);
  });
});
