import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, allow, type IamServer, keysOf, startIamServer } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const iam = (action: string, parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);

describe("a user", () => {
  test("is created with path and tags, and shown with them", async () => {
    const made = await iam("CreateUser", {
      ...{ UserName: "Bob", Path: "/team/a/" },
      ...{ "Tags.member.1.Key": "team", "Tags.member.1.Value": "a" },
    });
    expect(made.status).toBe(200);
    expect(made.one("Arn")).toBe(`arn:aws:iam::${ACCOUNT}:user/team/a/Bob`);
    expect(made.one("UserId")).toMatch(/^AIDA[A-Z2-7]{17}$/);
    const shown = await iam("GetUser", { UserName: "bob" });
    expect(shown.one("UserName")).toBe("Bob");
    expect(shown.one("Tags")).toContain("<Key>team</Key><Value>a</Value>");
    expect(shown.one("UserId")).toBe(made.one("UserId"));
  });

  test("whose name is taken in another letter case is refused", async () => {
    await iam("CreateUser", { UserName: "carl" });
    const again = await iam("CreateUser", { UserName: "CARL" });
    expect([again.status, again.one("Code")]).toEqual([409, "EntityAlreadyExists"]);
    expect(again.one("Message")).toBe("User with name CARL already exists.");
  });

  test("that does not exist is no such entity", async () => {
    const answer = await iam("GetUser", { UserName: "nobody" });
    expect([answer.status, answer.one("Code")]).toEqual([404, "NoSuchEntity"]);
    expect(answer.one("Message")).toBe("The user with name nobody cannot be found.");
  });

  test("cannot have tag keys that differ in letter case alone", async () => {
    const answer = await iam("CreateUser", {
      ...{ UserName: "tagged", "Tags.member.1.Key": "A", "Tags.member.1.Value": "1" },
      ...{ "Tags.member.2.Key": "a", "Tags.member.2.Value": "2" },
    });
    expect([answer.status, answer.one("Code")]).toEqual([400, "InvalidInput"]);
    expect(answer.one("Message")).toContain("Duplicate tag keys found");
  });

  test("is renamed with everything that it has, and its key goes on working", async () => {
    const keys = await server.makeUser("old-name", ["iam:GetUser"]);
    expect((await iam("UpdateUser", { UserName: "old-name", NewUserName: "new-name" })).status).toBe(200);
    const identity = await server.call("sts", "GetCallerIdentity", {}, keys);
    expect(identity.one("Arn")).toBe(`arn:aws:iam::${ACCOUNT}:user/new-name`);
    expect((await iam("GetUser", {}, keys)).one("UserName")).toBe("new-name");
  });

  test("cannot take the name of another", async () => {
    await iam("CreateUser", { UserName: "holder" });
    await iam("CreateUser", { UserName: "taker" });
    const answer = await iam("UpdateUser", { UserName: "taker", NewUserName: "Holder" });
    expect(answer.one("Code")).toBe("EntityAlreadyExists");
  });

  test("gets and loses tags", async () => {
    await iam("CreateUser", { UserName: "labels" });
    await iam("TagUser", { UserName: "labels", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "x" });
    await iam("TagUser", { UserName: "labels", "Tags.member.1.Key": "team", "Tags.member.1.Value": "y" });
    expect((await iam("ListUserTags", { UserName: "labels" })).text).toContain(
      "<Key>team</Key><Value>y</Value>",
    );
    await iam("UntagUser", { UserName: "labels", "TagKeys.member.1": "TEAM" });
    expect((await iam("ListUserTags", { UserName: "labels" })).all("Key")).toEqual([]);
  });

  test.each([
    ["access keys", "CreateAccessKey", {}, "Cannot delete entity, must delete access keys first."],
    [
      "attached policies",
      "AttachUserPolicy",
      { PolicyArn: "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly" },
      "Cannot delete entity, must detach all policies first.",
    ],
    [
      "inline policies",
      "PutUserPolicy",
      { PolicyName: "p", PolicyDocument: allow(["ecr:*"]) },
      "Cannot delete entity, must delete policies first.",
    ],
    [
      "groups",
      "AddUserToGroup",
      { GroupName: "keepers" },
      "Cannot delete entity, must remove users from group first.",
    ],
  ])("with %s cannot be deleted", async (what, action, parameters, message) => {
    await iam("CreateGroup", { GroupName: "keepers" });
    const name = `with-${what.replaceAll(" ", "-")}`;
    await iam("CreateUser", { UserName: name });
    expect((await iam(action, { UserName: name, ...parameters })).status).toBe(200);
    const answer = await iam("DeleteUser", { UserName: name });
    expect([answer.status, answer.one("Code"), answer.one("Message")]).toEqual([
      409,
      "DeleteConflict",
      message,
    ]);
  });

  test("that holds nothing is deleted", async () => {
    await iam("CreateUser", { UserName: "short" });
    expect((await iam("DeleteUser", { UserName: "short" })).status).toBe(200);
    expect((await iam("GetUser", { UserName: "short" })).status).toBe(404);
  });
});

describe("a list of users", () => {
  test("is cut into pages by name, below a path", async () => {
    for (const name of ["p1", "P2", "p3"]) await iam("CreateUser", { UserName: name, Path: "/paged/" });
    const first = await iam("ListUsers", { PathPrefix: "/paged/", MaxItems: 2 });
    expect([first.all("UserName"), first.one("IsTruncated")]).toEqual([["p1", "P2"], "true"]);
    const marker = first.one("Marker");
    const second = await iam("ListUsers", { PathPrefix: "/paged/", MaxItems: 2, Marker: marker });
    expect([second.all("UserName"), second.one("IsTruncated")]).toEqual([["p3"], "false"]);
    const foreign = await iam("ListRoles", { Marker: marker });
    expect([foreign.status, foreign.one("Code")]).toEqual([400, "ValidationError"]);
  });

  test("treats wildcards of LIKE in a path as text", async () => {
    expect((await iam("ListUsers", { PathPrefix: "/page_/" })).all("UserName")).toEqual([]);
  });
});

describe("an access key", () => {
  test("is shown once, listed without its secret, and there are two at most", async () => {
    await iam("CreateUser", { UserName: "keyed" });
    const first = await iam("CreateAccessKey", { UserName: "keyed" });
    expect(first.one("AccessKeyId")).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(first.one("SecretAccessKey")).toHaveLength(40);
    await iam("CreateAccessKey", { UserName: "keyed" });
    const third = await iam("CreateAccessKey", { UserName: "keyed" });
    expect([third.status, third.one("Code")]).toEqual([409, "LimitExceeded"]);
    expect(third.one("Message")).toBe("Cannot exceed quota for AccessKeysPerUser: 2");
    const listed = await iam("ListAccessKeys", { UserName: "keyed" });
    expect(listed.all("AccessKeyId")).toHaveLength(2);
    expect(listed.text).not.toContain("Secret");
  });

  test("stays at two when many are made at once", async () => {
    await iam("CreateUser", { UserName: "raced" });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => iam("CreateAccessKey", { UserName: "raced" })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  });

  test("that is made inactive proves nothing at once, and works again when active", async () => {
    const keys = await server.makeUser("switched");
    const change = (Status: string) =>
      iam("UpdateAccessKey", { UserName: "switched", AccessKeyId: keys.accessKeyId, Status });
    expect((await change("Inactive")).status).toBe(200);
    const refused = await server.call("sts", "GetCallerIdentity", {}, keys);
    expect([refused.status, refused.one("Code")]).toEqual([403, "InvalidClientTokenId"]);
    await change("Active");
    expect((await server.call("sts", "GetCallerIdentity", {}, keys)).status).toBe(200);
  });

  test("of another user is no such key", async () => {
    const keys = await server.makeUser("owner");
    await iam("CreateUser", { UserName: "thief" });
    const answer = await iam("DeleteAccessKey", { UserName: "thief", AccessKeyId: keys.accessKeyId });
    expect([answer.status, answer.one("Code")]).toEqual([404, "NoSuchEntity"]);
  });

  test("is managed by its owner without naming the user", async () => {
    const keys = await server.makeUser("self", ["iam:*"]);
    expect((await iam("ListAccessKeys", {}, keys)).all("AccessKeyId")).toEqual([keys.accessKeyId]);
    const second = keysOf(await iam("CreateAccessKey", {}, keys));
    expect((await iam("DeleteAccessKey", { AccessKeyId: second.accessKeyId }, keys)).status).toBe(200);
  });
});

describe("permission", () => {
  test("is asked for on the path of the user, and a denial does not show the path", async () => {
    await iam("CreateUser", { UserName: "hidden", Path: "/secret/" });
    const keys = await server.makeUser("curious");
    const there = await iam("GetUser", { UserName: "hidden" }, keys);
    const absent = await iam("GetUser", { UserName: "absent" }, keys);
    expect([there.status, there.one("Code")]).toEqual([403, "AccessDenied"]);
    expect(there.one("Message").replace("hidden", "absent")).toBe(absent.one("Message"));
    const inside = await server.makeUser("insider");
    const document = allow(["iam:GetUser"], `arn:aws:iam::${ACCOUNT}:user/secret/*`);
    await iam("PutUserPolicy", { UserName: "insider", PolicyName: "p", PolicyDocument: document });
    expect((await iam("GetUser", { UserName: "hidden" }, inside)).status).toBe(200);
  });

  test("may depend on the tags of the user", async () => {
    await iam("CreateUser", { UserName: "red", "Tags.member.1.Key": "colour", "Tags.member.1.Value": "red" });
    await iam("CreateUser", {
      UserName: "blue",
      "Tags.member.1.Key": "colour",
      "Tags.member.1.Value": "blue",
    });
    const keys = await server.makeUser("painter");
    const condition = { Condition: { StringEquals: { "iam:ResourceTag/colour": "red" } } };
    const document = allow(["iam:GetUser"], "*", condition);
    await iam("PutUserPolicy", { UserName: "painter", PolicyName: "p", PolicyDocument: document });
    expect((await iam("GetUser", { UserName: "red" }, keys)).status).toBe(200);
    expect((await iam("GetUser", { UserName: "blue" }, keys)).status).toBe(403);
  });

  test("of one account reaches nothing in another", async () => {
    await iam("CreateUser", { UserName: "ours" });
    const answer = await iam("GetUser", { UserName: "ours" }, server.otherAdministrator);
    expect(answer.one("Code")).toBe("NoSuchEntity");
  });
});
