import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rowsOf } from "../../../support/rows.ts";
import { ACCOUNT, allow, type IamServer, type Parameters, startIamServer, trust } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
type Answer = Awaited<ReturnType<typeof iam>>;
const refusal = ({ status, one }: Answer) => [status, one("Code"), one("Message")];
const profileArn = (rest: string): string => `arn:aws:iam::${ACCOUNT}:instance-profile/${rest}`;

let number = 0;
let name = "";
let role = "";
beforeEach(async () => {
  number++;
  [name, role] = [`Profile-${number}`, `role-${number}`];
  await iam("CreateRole", {
    RoleName: role,
    Path: "/apps/",
    AssumeRolePolicyDocument: trust({ Service: "ec2.amazonaws.com" }),
  });
});

const make = (more: Parameters = {}) => iam("CreateInstanceProfile", { InstanceProfileName: name, ...more });
const add = (roleName = role, keys = server.administrator) =>
  iam("AddRoleToInstanceProfile", { InstanceProfileName: name, RoleName: roleName }, keys);
const get = () => iam("GetInstanceProfile", { InstanceProfileName: name });

describe("an instance profile", () => {
  test("is made, shown and listed", async () => {
    const made = await make({
      Path: "/team/",
      "Tags.member.1.Key": "Team",
      "Tags.member.1.Value": "",
    });
    expect(made.status, made.text).toBe(200);
    expect(made.one("InstanceProfileId")).toMatch(/^AIPA[A-Z2-7]{17}$/);
    expect([made.one("Arn"), made.one("Path")]).toEqual([profileArn(`team/${name}`), "/team/"]);
    expect(made.text).toContain("<Roles></Roles>");
    expect(made.text).toContain("<Key>Team</Key><Value></Value>");
    const shown = await iam("GetInstanceProfile", { InstanceProfileName: name.toLowerCase() });
    expect(shown.one("InstanceProfile")).toBe(made.one("InstanceProfile"));
    const listed = await iam("ListInstanceProfiles", { PathPrefix: "/team/" });
    expect(listed.all("InstanceProfileName")).toContain(name);
    expect(listed.text).not.toContain("<Tags>");
    const elsewhere = await iam("ListInstanceProfiles", { PathPrefix: "/other/" });
    expect(elsewhere.all("InstanceProfileName")).toEqual([]);
  });

  test("has a name of its own, whatever its letter case and path", async () => {
    await make();
    const again = await make({ InstanceProfileName: name.toUpperCase(), Path: "/b/" });
    expect(refusal(again)).toEqual([
      ...[409, "EntityAlreadyExists", `Instance Profile ${name.toUpperCase()} already exists.`],
    ]);
    expect((await make({ InstanceProfileName: "no good" })).one("Code")).toBe("ValidationError");
    expect((await make({ InstanceProfileName: `${name}-b`, Path: "b" })).one("Code")).toBe("ValidationError");
  });

  test("belongs to its account alone", async () => {
    await make();
    const other = await iam("GetInstanceProfile", { InstanceProfileName: name }, server.otherAdministrator);
    expect(refusal(other)).toEqual([404, "NoSuchEntity", `Instance Profile ${name} cannot be found.`]);
    const listed = await iam("ListInstanceProfiles", {}, server.otherAdministrator);
    expect(listed.all("InstanceProfileName")).toEqual([]);
  });

  test("gets one role, and gives it back", async () => {
    await make();
    expect((await add()).status).toBe(200);
    const shown = await get();
    expect([shown.one("RoleName"), shown.all("Arn")[1]]).toEqual([
      role,
      `arn:aws:iam::${ACCOUNT}:role/apps/${role}`,
    ]);
    const listed = await iam("ListInstanceProfilesForRole", { RoleName: role });
    expect([listed.all("InstanceProfileName"), listed.one("IsTruncated")]).toEqual([[name], "false"]);
    expect(refusal(await add())).toEqual([
      ...[409, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"],
    ]);
    const trusted = trust({ Service: "ec2.amazonaws.com" });
    await iam("CreateRole", { RoleName: `${role}-b`, AssumeRolePolicyDocument: trusted });
    const other = { InstanceProfileName: name, RoleName: `${role}-b` };
    expect((await iam("RemoveRoleFromInstanceProfile", other)).one("Code")).toBe("NoSuchEntity");
    expect((await get()).one("RoleName")).toBe(role);
    const remove = { InstanceProfileName: name, RoleName: role };
    expect((await iam("RemoveRoleFromInstanceProfile", remove)).status).toBe(200);
    expect((await get()).all("RoleName")).toEqual([]);
    expect(refusal(await iam("RemoveRoleFromInstanceProfile", remove))).toEqual([
      404,
      "NoSuchEntity",
      `The role with name ${role} cannot be found in the instance profile ${name}.`,
    ]);
  });

  test("and its role say which of them is missing", async () => {
    expect(refusal(await add())).toEqual([404, "NoSuchEntity", `Instance Profile ${name} cannot be found.`]);
    await make();
    const missing = [404, "NoSuchEntity", "The role with name nobody cannot be found."];
    expect(refusal(await add("nobody"))).toEqual(missing);
    expect(refusal(await iam("ListInstanceProfilesForRole", { RoleName: "nobody" }))).toEqual(missing);
    const remove = { InstanceProfileName: name, RoleName: "nobody" };
    expect(refusal(await iam("RemoveRoleFromInstanceProfile", remove))).toEqual(missing);
    for (const action of ["GetInstanceProfile", "DeleteInstanceProfile", "ListInstanceProfileTags"]) {
      expect(refusal(await iam(action, { InstanceProfileName: "none" }))).toEqual([
        ...[404, "NoSuchEntity", "Instance Profile none cannot be found."],
      ]);
    }
  });

  test("and its role wait for each other with their deletion", async () => {
    await make();
    await add();
    const conflict = [
      ...[409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first."],
    ];
    expect(refusal(await iam("DeleteRole", { RoleName: role }))).toEqual(conflict);
    expect(refusal(await iam("DeleteInstanceProfile", { InstanceProfileName: name }))).toEqual(conflict);
    await iam("RemoveRoleFromInstanceProfile", { InstanceProfileName: name, RoleName: role });
    expect((await iam("DeleteInstanceProfile", { InstanceProfileName: name })).status).toBe(200);
    expect((await iam("DeleteRole", { RoleName: role })).status).toBe(200);
    expect((await get()).status).toBe(404);
  });

  test("takes no role that goes at that moment", async () => {
    await make();
    const [added, deleted] = await Promise.all([add(), iam("DeleteRole", { RoleName: role })]);
    const held = (await get()).all("RoleName");
    expect([added.status, deleted.status, held]).toEqual(
      added.status === 200 ? [200, 409, [role]] : [404, 200, []],
    );
  });

  test("is asked for by pages", async () => {
    for (const letter of ["a", "b", "c"]) await make({ InstanceProfileName: name + letter, Path: "/pages/" });
    const first = await iam("ListInstanceProfiles", { PathPrefix: "/pages/", MaxItems: 2 });
    expect([first.all("InstanceProfileName"), first.one("IsTruncated")]).toEqual([
      [`${name}a`, `${name}b`],
      "true",
    ]);
    const next = { PathPrefix: "/pages/", MaxItems: 2, Marker: first.one("Marker") };
    const second = await iam("ListInstanceProfiles", next);
    expect([second.all("InstanceProfileName"), second.one("IsTruncated")]).toEqual([[`${name}c`], "false"]);
    const elsewhere = await iam("ListInstanceProfiles", { ...next, PathPrefix: "/" });
    expect(elsewhere.one("Code")).toBe("ValidationError");
  });

  test("has tags that come and go", async () => {
    await make();
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" };
    await iam("TagInstanceProfile", { InstanceProfileName: name, ...tag });
    const listed = await iam("ListInstanceProfileTags", { InstanceProfileName: name });
    expect([listed.all("Key"), listed.all("Value"), listed.one("IsTruncated")]).toEqual([
      ...[["team"], ["red"], "false"],
    ]);
    expect((await get()).all("Key")).toEqual(["team"]);
    await iam("UntagInstanceProfile", { InstanceProfileName: name, "TagKeys.member.1": "TEAM" });
    expect((await get()).text).not.toContain("<Tags>");
    expect((await iam("TagInstanceProfile", { InstanceProfileName: "none", ...tag })).status).toBe(404);
    const untag = { InstanceProfileName: "none", "TagKeys.member.1": "team" };
    expect((await iam("UntagInstanceProfile", untag)).status).toBe(404);
  });

  test("is one of a thousand at most", async () => {
    await rowsOf(
      server,
      `INSERT INTO iam_instance_profiles (account_id, unique_id, path, name, created_at)
        SELECT $1, 'AIPA' || i, '/', 'filler-' || i, now() FROM generate_series(1, 1000) AS i`,
      [ACCOUNT],
    );
    expect(refusal(await make())).toEqual([
      ...[409, "LimitExceeded", "Cannot exceed quota for InstanceProfilesPerAccount: 1000"],
    ]);
    const summary = await iam("GetAccountSummary");
    expect(summary.text).toMatch(/<key>InstanceProfiles<\/key><value>1\d\d\d</);
    await rowsOf(server, "DELETE FROM iam_instance_profiles WHERE name LIKE 'filler-%'");
  });
});

describe("a policy", () => {
  test("on a path of instance profiles reaches those below it", async () => {
    const keys = await server.makeUser(`user-${number}`);
    const document = allow(["iam:GetInstanceProfile"], profileArn("team/*"));
    await iam("PutUserPolicy", { UserName: `user-${number}`, PolicyName: "p", PolicyDocument: document });
    await make({ Path: "/team/" });
    const shown = await iam("GetInstanceProfile", { InstanceProfileName: name }, keys);
    expect(shown.status, shown.text).toBe(200);
    await make({ InstanceProfileName: `${name}-x`, Path: "/secret/" });
    const hidden = await iam("GetInstanceProfile", { InstanceProfileName: `${name}-x` }, keys);
    expect(hidden.status).toBe(403);
    expect(hidden.one("Message")).toContain(`on resource: ${profileArn(`${name}-x`)} `);
    expect(hidden.text).not.toContain("secret");
  });

  test("has to let its caller pass the role, and tag what it tags", async () => {
    const keys = await server.makeUser(`user-${number}`, [
      ...["iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile"],
    ]);
    const made = await iam("CreateInstanceProfile", { InstanceProfileName: name }, keys);
    expect(made.status).toBe(200);
    const denied = await add(role, keys);
    expect(denied.status).toBe(403);
    expect(denied.one("Message")).toContain(
      `iam:PassRole on resource: arn:aws:iam::${ACCOUNT}:role/${role} `,
    );
    const toEc2 = { Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } } };
    const pass = allow(["iam:PassRole"], `arn:aws:iam::${ACCOUNT}:role/apps/*`, toEc2);
    await iam("PutUserPolicy", { UserName: `user-${number}`, PolicyName: "pass", PolicyDocument: pass });
    expect((await add(role, keys)).status).toBe(200);
    const tags = { "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" };
    const tagged = await iam("CreateInstanceProfile", { InstanceProfileName: `${name}-t`, ...tags }, keys);
    expect(tagged.one("Message")).toContain("iam:TagInstanceProfile");
  });
});

test("changes of instance profiles are in the audit log", async () => {
  await make();
  await add();
  const rows = await rowsOf<{ action: string; resource: string }>(
    server,
    "SELECT action, resource FROM audit_log WHERE resource = $1 ORDER BY id",
    [profileArn(name)],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    "iam:CreateInstanceProfile",
    "iam:AddRoleToInstanceProfile",
  ]);
});
