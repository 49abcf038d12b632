import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { rowsOf } from "../support/rows.ts";
import {
  type AwsAnswer,
  callEcrApi,
  callQuery,
  type Keys,
  keysIn,
  succeeded,
  xmlValue,
} from "./aws-client.ts";
import { ACCOUNT, openScene, REGION } from "./scene.ts";

const OTHER = "444455556666";
const home = await makeTestHome();
const berth = await startTestBerth({ home });
const scene = openScene(berth, home, { now: () => new Date() });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
await scene.makeAccount(OTHER);

const ecr = (operation: string, input: object): Promise<AwsAnswer> =>
  callEcrApi(berth.url, operation, input, ADMINISTRATOR);
const iam = (action: string, parameters: Record<string, string>): Promise<AwsAnswer> =>
  callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR);
const userArn = (name: string, account = ACCOUNT): string => `arn:aws:iam::${account}:user/${name}`;
const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

const named = { repositoryName: "app" };
await succeeded(ecr("CreateRepository", named));

/** Where a policy stands: of the repository, or of the registry. */
interface Place {
  readonly set: (policyText: string) => Promise<AwsAnswer>;
  readonly get: () => Promise<string>;
  readonly clear: () => Promise<unknown>;
  /** Past the rules of today. */
  readonly store: (policyText: string) => Promise<unknown>;
  /** Of a statement, beside principal and effect. */
  readonly element: object;
}

const textOf = async (answer: Promise<AwsAnswer>): Promise<string> =>
  JSON.parse(await succeeded(answer)).policyText;
const stored = async (policyText: string, sql: string): Promise<unknown> =>
  rowsOf(berth, sql.replaceAll("$$", `$text$${policyText}$text$`));

const PLACES: Readonly<Record<string, Place>> = {
  "the policy of a repository": {
    set: (policyText) => ecr("SetRepositoryPolicy", { ...named, policyText, force: true }),
    get: () => textOf(ecr("GetRepositoryPolicy", named)),
    clear: () => ecr("DeleteRepositoryPolicy", named),
    store: (text) =>
      stored(
        text,
        "INSERT INTO repository_policies SELECT id, $$, now() FROM repositories WHERE name = 'app'",
      ),
    element: { Action: "ecr:ListImages" },
  },
  "the policy of a registry": {
    set: (policyText) => ecr("PutRegistryPolicy", { policyText }),
    get: () => textOf(ecr("GetRegistryPolicy", {})),
    clear: () => ecr("DeleteRegistryPolicy", {}),
    store: (text) =>
      stored(
        text,
        `INSERT INTO registry_policies (registry_id, document, updated_at)
          SELECT id, $$, now() FROM registries WHERE account_id = '${ACCOUNT}' AND region = '${REGION}'
          ON CONFLICT (registry_id) DO UPDATE SET document = EXCLUDED.document`,
      ),
    element: { Action: "ecr:ListImages", Resource: "*" },
  },
};

async function pull({ accessKeyId, secretAccessKey, sessionToken }: Keys): Promise<number> {
  const secret = sessionToken === undefined ? secretAccessKey : `${secretAccessKey}.${sessionToken}`;
  const headers = { authorization: basic(accessKeyId, secret) };
  return (await fetch(`${berth.url}/v2/app/tags/list`, { headers })).status;
}

/** Waits for an answer, no longer than a change may take to be in force. */
const within1s = (keys: Keys, status: number): Promise<void> =>
  vi.waitFor(async () => expect(await pull(keys)).toBe(status), { timeout: 1_000, interval: 25 });

const makeUser = (name: string): Promise<Credentials> =>
  scene.makeUser(name, [{ Effect: "Allow", Action: "ecr:DescribeRepositories", Resource: "*" }]);

async function dropUser(name: string, { accessKeyId }: Credentials): Promise<void> {
  await succeeded(iam("DeleteAccessKey", { UserName: name, AccessKeyId: accessKeyId }));
  await succeeded(iam("DeleteUserPolicy", { UserName: name, PolicyName: "given" }));
  await succeeded(iam("DeleteUser", { UserName: name }));
}

const idOf = async (name: string): Promise<string> =>
  xmlValue(await succeeded(iam("GetUser", { UserName: name })), "UserId");

/** A role that everyone of the account may assume, and a session of it. */
async function makeRole(name: string): Promise<Keys> {
  const trust = { Effect: "Allow", Principal: { AWS: ACCOUNT }, Action: "sts:AssumeRole" };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: trust });
  await succeeded(iam("CreateRole", { RoleName: name, AssumeRolePolicyDocument }));
  const session = { RoleArn: roleArn(name), RoleSessionName: "run" };
  return keysIn(await succeeded(callQuery(berth.url, "sts", "AssumeRole", session, ADMINISTRATOR)));
}

describe.each(Object.entries(PLACES))("%s", (_, place) => {
  const naming = (principal: unknown, more: object = {}): string =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: principal, ...place.element, ...more }],
    });
  beforeEach(async () => {
    await place.clear();
  });

  test("means a user, and not whoever comes by its name", async () => {
    const first = await makeUser("leaver");
    const id = await idOf("leaver");
    await succeeded(place.set(naming({ AWS: userArn("leaver") })));
    await within1s(first, 200);
    expect(await place.get()).toBe(naming({ AWS: userArn("leaver") }));
    await dropUser("leaver", first);
    expect(await place.get()).toBe(naming({ AWS: id }));
    const second = await makeUser("leaver");
    await within1s(second, 403);
    expect(await place.get()).toBe(naming({ AWS: id }));
    await succeeded(place.set(naming({ AWS: userArn("leaver") })));
    await within1s(second, 200);
    await dropUser("leaver", second);
  });

  test("means a user that is renamed and moved on", async () => {
    const keys = await makeUser("before");
    await succeeded(place.set(naming({ AWS: [ACCOUNT, userArn("before")] })));
    await within1s(keys, 200);
    await succeeded(iam("UpdateUser", { UserName: "before", NewUserName: "after", NewPath: "/team/" }));
    expect(await place.get()).toBe(naming({ AWS: [ACCOUNT, userArn("team/after")] }));
    await within1s(keys, 200);
    const namesake = await makeUser("before");
    await within1s(namesake, 403);
    await dropUser("after", keys);
    await dropUser("before", namesake);
  });

  test("means a role, and a session of a role, and not one that is made again", async () => {
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/ci/run`;
    const first = await makeRole("ci");
    const id = xmlValue(await succeeded(iam("GetRole", { RoleName: "ci" })), "RoleId");
    await succeeded(place.set(naming({ AWS: [roleArn("ci"), session] })));
    await within1s(first, 200);
    await succeeded(iam("DeleteRole", { RoleName: "ci" }));
    expect(await place.get()).toBe(naming({ AWS: [id, `${id}:run`] }));
    await within1s(await makeRole("ci"), 403);
    await succeeded(iam("DeleteRole", { RoleName: "ci" }));
  });

  test("excepts a user from a Deny, and not whoever comes by its name", async () => {
    const first = await makeUser("excepted");
    const id = await idOf("excepted");
    const except = (principal: string): string =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: "*", ...place.element },
          { Effect: "Deny", NotPrincipal: { AWS: [ACCOUNT, principal] }, ...place.element },
        ],
      });
    await succeeded(place.set(except(userArn("excepted"))));
    await within1s(first, 200);
    await dropUser("excepted", first);
    expect(await place.get()).toBe(except(id));
    const second = await makeUser("excepted");
    await within1s(second, 403);
    await dropUser("excepted", second);
  });

  test.each([
    ["a user that is not there", userArn("nobody")],
    ["a role that is not there", roleArn("nobody")],
    ["a session of a role that is not there", `arn:aws:sts::${ACCOUNT}:assumed-role/nobody/run`],
    ["a user of another account that is not there", userArn("nobody", OTHER)],
    ["a user of an account that is not there", userArn("nobody", "999999999999")],
    ["a user in another letter case", userArn("Administrator")],
    ["a user on another path", userArn("team/administrator")],
    ["a unique id", `AIDA${"A".repeat(17)}`],
    ["a unique id with a session", `AROA${"A".repeat(17)}:run`],
  ])("is refused with %s", async (_what, arn) => {
    const { status, text } = await place.set(naming({ AWS: [userArn("administrator"), arn] }));
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      __type: "InvalidParameterException",
      message: expect.stringContaining(`policy provided: Principal: ${arn} does not exist`),
    });
    const except = { Effect: "Deny", Principal: undefined, NotPrincipal: { AWS: arn } };
    expect((await place.set(naming(undefined, except))).status).toBe(400);
  });

  test.each([
    ["everyone", "*"],
    ["an account, also of elsewhere", { AWS: ["210987654321", `arn:aws:iam::${OTHER}:root`] }],
    ["a user of another account", { AWS: userArn("administrator", ACCOUNT) }],
    ["a service", { Service: "ecs-tasks.amazonaws.com" }],
  ])("may name %s", async (_what, principal) => {
    await succeeded(place.set(naming(principal)));
  });

  test("finds a user however its ARN is written", async () => {
    const keys = await makeUser("escaped");
    const id = await idOf("escaped");
    const odd = naming({ AWS: userArn("escaped") })
      .replaceAll("/", "\\/")
      .replaceAll("::", "\\u003a:");
    await succeeded(place.set(odd));
    await within1s(keys, 200);
    await dropUser("escaped", keys);
    expect(await place.get()).toBe(naming({ AWS: id }));
  });

  test("that an older version stored goes on, and is followed", async () => {
    const keys = await makeUser("known");
    const id = await idOf("known");
    await place.store(naming({ AWS: userArn("known") }).replaceAll("/", "\\/"));
    await within1s(keys, 200);
    await dropUser("known", keys);
    expect(await place.get()).toBe(naming({ AWS: id }));
  });

  test("that an older version stored with the name of nobody lets nobody in who takes it", async () => {
    await place.store(naming({ AWS: [userArn("later"), roleArn("later")] }));
    const keys = await makeUser("later");
    const session = await makeRole("later");
    await within1s(keys, 403);
    await within1s(session, 403);
    const shown = JSON.parse(await place.get()).Statement[0].Principal.AWS;
    expect(shown).toEqual([expect.stringMatching(/^AIDA/), expect.stringMatching(/^AROA/)]);
    expect(shown).not.toContain(await idOf("later"));
    await dropUser("later", keys);
    await succeeded(iam("DeleteRole", { RoleName: "later" }));
  });

  test("that nobody can read keeps nobody from being deleted", async () => {
    const keys = await makeUser("unread");
    await place.store(`${userArn("unread")}" { not JSON`);
    await dropUser("unread", keys);
    expect(await place.get()).toContain("not JSON");
  });

  test("that begins to name a user while it is deleted leaves no name behind", async () => {
    for (let round = 0; round < 6; round++) {
      await succeeded(iam("CreateUser", { UserName: "racer" }));
      const [deleted] = await Promise.all([
        iam("DeleteUser", { UserName: "racer" }),
        place.set(naming({ AWS: [userArn("administrator"), userArn("racer")] })),
      ]);
      expect(deleted.status).toBe(200);
      expect(await place.get().catch(() => "")).not.toContain("user/racer");
    }
  });
});
