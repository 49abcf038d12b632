import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ACCOUNT,
  type IamServer,
  type Keys,
  keysOf,
  type Parameters,
  startIamServer,
  trust,
} from "./iam-server.ts";

let server: IamServer;
let user: Keys;
/** Of GetSessionToken, in the hands of a user that may do everything. */
let session: Keys;
beforeAll(async () => {
  server = await startIamServer();
  user = await server.makeUser("tourist", ["*"]);
  session = keysOf(await sts("GetSessionToken", { DurationSeconds: 900 }, user));
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys?: Keys) =>
  server.call("iam", action, parameters, keys);
const sts = (action: string, parameters: Parameters, keys: Keys) =>
  server.call("sts", action, parameters, keys);

describe("credentials of GetSessionToken", () => {
  test.each([
    ["a read without a resource", "ListUsers", {}],
    ["a read of a user", "GetUser", { UserName: "tourist" }],
    ["a read of the caller", "GetUser", {}],
    ["a read of what does not exist", "GetRole", { RoleName: "absent" }],
    ["a change", "CreateUser", { UserName: "made" }],
    [
      "a change with tags",
      "CreateUser",
      { UserName: "made", "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" },
    ],
    ["a key of the caller", "CreateAccessKey", {}],
    [
      "the simulator",
      "SimulatePrincipalPolicy",
      { PolicySourceArn: `arn:aws:iam::${ACCOUNT}:user/tourist`, "ActionNames.member.1": "ecr:PutImage" },
    ],
  ])("are none for IAM: %s", async (_, action, parameters: Parameters) => {
    const answer = await iam(action, parameters, session);
    expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
      ...[403, "InvalidClientTokenId"],
      "The security token included in the request is invalid",
    ]);
  });

  test.each([
    ["GetSessionToken", {}],
    ["GetAccessKeyInfo", { AccessKeyId: "AKIAADMINISTRATOR000" }],
  ])("cannot call %s", async (action, parameters: Parameters) => {
    const answer = await sts(action, parameters, session);
    expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
      ...[403, "AccessDenied", `Cannot call ${action} with session credentials`],
    ]);
  });

  test("say who they are, and assume roles that may call IAM", async () => {
    const tourist = `arn:aws:iam::${ACCOUNT}:user/tourist`;
    expect((await sts("GetCallerIdentity", {}, session)).one("Arn")).toBe(tourist);
    await iam("CreateRole", { RoleName: "guide", AssumeRolePolicyDocument: trust({ AWS: tourist }) });
    const document = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" }],
    };
    await iam("PutRolePolicy", {
      RoleName: "guide",
      PolicyName: "p",
      PolicyDocument: JSON.stringify(document),
    });
    const wanted = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/guide`, RoleSessionName: "tour" };
    const role = keysOf(await sts("AssumeRole", wanted, session));
    expect((await iam("ListUsers", {}, role)).status).toBe(200);
    const info = await sts("GetAccessKeyInfo", { AccessKeyId: user.accessKeyId }, role);
    // A session of a role is refused only by its policies.
    expect(info.one("Message")).toContain("is not authorized to perform: sts:GetAccessKeyInfo");
  });

  test("end with the key that asked for them", async () => {
    const lives = async (): Promise<boolean> => (await sts("GetCallerIdentity", {}, session)).status === 200;
    const key = { UserName: "tourist", AccessKeyId: user.accessKeyId };
    await iam("UpdateAccessKey", { ...key, Status: "Inactive" });
    expect(await lives()).toBe(false);
    await iam("UpdateAccessKey", { ...key, Status: "Active" });
    expect(await lives()).toBe(true);
    await iam("DeleteAccessKey", key);
    expect(await lives()).toBe(false);
  });
});
