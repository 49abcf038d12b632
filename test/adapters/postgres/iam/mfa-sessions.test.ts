import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAccessKey } from "../../../../src/iam/principals/access-keys.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import {
  ACCOUNT,
  allow,
  type IamServer,
  type Keys,
  keysOf,
  type Parameters,
  startIamServer,
  trust,
  type XmlAnswer,
} from "./iam-server.ts";
import { type Authenticator, deviceArn, type MfaScene, mfaScene } from "./mfa-scene.ts";

const STEP = 30_000;
const INVALID = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
const UNKNOWN =
  "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";

let server: IamServer;
let scene: MfaScene;
beforeAll(async () => {
  server = await startIamServer();
  scene = mfaScene(server);
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys?: Keys) =>
  server.call("iam", action, parameters, keys);
const refusal = ({ status, one }: XmlAnswer) => [status, one("Code"), one("Message")];

let number = 0;
let user = "";
let keys: Keys;
let device: Authenticator;
beforeEach(async () => {
  user = `user-${++number}`;
  keys = await server.makeUser(user, ["*"]);
  device = await scene.giveDevice(user, `device-${number}`);
});

const session = (code = device.code(), by = keys) => scene.prove("GetSessionToken", device, code, by);
/** None of the codes that count now. */
const wrong = (): string =>
  ["000000", "000001", "000002", "000003"].find(
    (code) => ![-1, 0, 1].some((at) => device.code(at) === code),
  ) ?? "";

describe("GetSessionToken with a code", () => {
  test("gives credentials that may call IAM", async () => {
    const answer = await session();
    expect(answer.status).toBe(200);
    expect((await iam("ListUsers", {}, keysOf(answer))).status).toBe(200);
  });

  test("gives credentials that still cannot ask for others", async () => {
    const held = keysOf(await session());
    const again = await server.call("sts", "GetSessionToken", {}, held);
    expect(again.one("Message")).toBe("Cannot call GetSessionToken with session credentials");
  });

  test("takes a code once", async () => {
    const code = device.code();
    expect((await session(code)).status).toBe(200);
    expect(refusal(await session(code))).toEqual([403, "AccessDenied", INVALID]);
    server.clock.advance(STEP);
    expect(refusal(await session(code))).toEqual([403, "AccessDenied", INVALID]);
  });

  test("takes no code that enabled the device", async () => {
    const fresh = await scene.makeDevice(`${user}-fresh`);
    await scene.enable(user, fresh);
    const replayed = await scene.prove("GetSessionToken", fresh, fresh.code(), keys);
    expect(refusal(replayed)).toEqual([403, "AccessDenied", INVALID]);
  });

  test("gives one of many at once credentials", async () => {
    const code = device.code();
    const answers = await Promise.all(Array.from({ length: 8 }, () => session(code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      ...Array.from({ length: 7 }, () => 403),
    ]);
  });

  test("refuses a wrong code", async () => {
    expect(refusal(await session(wrong()))).toEqual([403, "AccessDenied", INVALID]);
  });

  test("looks at no code for a while after five wrong ones, also when they come at once", async () => {
    const guess = wrong();
    await Promise.all(Array.from({ length: 5 }, () => session(guess)));
    expect(refusal(await session())).toEqual([403, "AccessDenied", INVALID]);
    server.clock.advance(STEP);
    expect((await session()).status).toBe(200);
  });

  test.each([
    ["a device that does not exist", () => deviceArn("absent")],
    ["something that is no device", () => "GAHT12345678"],
  ])("refuses %s", async (_, serialNumber) => {
    const answer = await scene.prove(
      "GetSessionToken",
      { serialNumber: serialNumber() },
      device.code(),
      keys,
    );
    expect(refusal(answer)).toEqual([403, "AccessDenied", UNKNOWN]);
  });

  test("refuses the device of another user, whose code it does not spend", async () => {
    const stranger = await server.makeUser(`${user}-b`);
    expect(refusal(await session(device.code(), stranger))).toEqual([403, "AccessDenied", UNKNOWN]);
    expect((await session()).status).toBe(200);
  });

  test("refuses the device of another account", async () => {
    expect(refusal(await session(device.code(), server.otherAdministrator))).toEqual([
      ...[403, "AccessDenied", UNKNOWN],
    ]);
  });

  test("refuses a device that nobody has", async () => {
    const free = await scene.makeDevice(`${user}-free`);
    const answer = await scene.prove("GetSessionToken", free, free.code(), keys);
    expect(refusal(answer)).toEqual([403, "AccessDenied", UNKNOWN]);
  });

  test("refuses a device that was taken from the user", async () => {
    await iam("DeactivateMFADevice", { UserName: user, SerialNumber: device.serialNumber });
    expect(refusal(await session())).toEqual([403, "AccessDenied", UNKNOWN]);
  });

  test.each([
    ["a serial number alone", () => ({ SerialNumber: device.serialNumber })],
    ["a code alone", () => ({ TokenCode: device.code() })],
  ])("refuses %s", async (_, given) => {
    expect(refusal(await server.call("sts", "GetSessionToken", given(), keys))).toEqual([
      ...[403, "AccessDenied"],
      "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    ]);
  });

  test("keeps codes out of the audit log", async () => {
    const code = device.code();
    await session(code);
    const kept = await rowsOf<{ detail: unknown }>(
      server,
      "SELECT detail FROM audit_log WHERE action LIKE '%SessionToken' OR action LIKE '%MFADevice'",
    );
    expect(kept.length).toBeGreaterThan(0);
    expect(JSON.stringify(kept)).not.toMatch(/"(?:TokenCode|AuthenticationCode\d)"/);
  });
});

describe("aws:MultiFactorAuthPresent", () => {
  const ask = async (condition: object, by: Keys): Promise<number> => {
    const PolicyDocument = allow(["iam:ListRoles"], "*", { Condition: condition });
    await iam("PutUserPolicy", { UserName: user, PolicyName: "given", PolicyDocument });
    return (await iam("ListRoles", {}, by)).status;
  };
  const PRESENT = { Bool: { "aws:MultiFactorAuthPresent": "true" } };

  test("is true in a session with MFA", async () => {
    expect(await ask(PRESENT, keysOf(await session()))).toBe(200);
  });

  test("is absent with a key that lasts", async () => {
    expect(await ask(PRESENT, keys)).toBe(403);
    expect(await ask({ Bool: { "aws:MultiFactorAuthPresent": "false" } }, keys)).toBe(403);
    expect(await ask({ BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }, keys)).toBe(200);
  });

  test("comes with an age, which grows", async () => {
    const held = keysOf(await session());
    const young = { NumericLessThan: { "aws:MultiFactorAuthAge": "60" } };
    expect(await ask(young, held)).toBe(200);
    server.clock.advance(2 * STEP);
    expect(await ask(young, held)).toBe(403);
    expect(await ask(young, keys)).toBe(403);
  });
});

describe("AssumeRole", () => {
  const role = (): Parameters => ({
    RoleArn: `arn:aws:iam::${ACCOUNT}:role/${user}`,
    RoleSessionName: "job",
  });
  beforeEach(async () => {
    const condition = { Bool: { "aws:MultiFactorAuthPresent": "true" } };
    const AssumeRolePolicyDocument = trust(
      { AWS: `arn:aws:iam::${ACCOUNT}:user/${user}` },
      "sts:AssumeRole",
      condition,
    );
    await iam("CreateRole", { RoleName: user, AssumeRolePolicyDocument });
  });

  test("of a role that wants MFA needs a code", async () => {
    expect((await server.call("sts", "AssumeRole", role(), keys)).status).toBe(403);
    expect((await scene.prove("AssumeRole", device, device.code(), keys, role())).status).toBe(200);
  });

  test("refuses a wrong code, and one that counted", async () => {
    const code = device.code();
    expect(refusal(await scene.prove("AssumeRole", device, wrong(), keys, role()))[2]).toBe(INVALID);
    expect((await session(code)).status).toBe(200);
    expect(refusal(await scene.prove("AssumeRole", device, code, keys, role()))[2]).toBe(INVALID);
  });

  test("takes a session with MFA for it", async () => {
    const held = keysOf(await session());
    expect((await server.call("sts", "AssumeRole", role(), held)).status).toBe(200);
    const plain = keysOf(await server.call("sts", "GetSessionToken", {}, keys));
    expect((await server.call("sts", "AssumeRole", role(), plain)).status).toBe(403);
  });

  test("gives a session that says nothing of MFA", async () => {
    const assumed = keysOf(await scene.prove("AssumeRole", device, device.code(), keys, role()));
    const put = async (value: string): Promise<number> => {
      const condition = { Condition: { Bool: { "aws:MultiFactorAuthPresent": value } } };
      const PolicyDocument = allow(["iam:ListRoles"], "*", condition);
      await iam("PutRolePolicy", { RoleName: user, PolicyName: "p", PolicyDocument });
      return (await iam("ListRoles", {}, assumed)).status;
    };
    expect(await put("true")).toBe(403);
    expect(await put("false")).toBe(200);
  });

  test("by a session of a role takes no code", async () => {
    const assumed = keysOf(await scene.prove("AssumeRole", device, device.code(), keys, role()));
    server.clock.advance(STEP);
    const chained = await scene.prove("AssumeRole", device, device.code(), assumed, role());
    expect(refusal(chained)).toEqual([403, "AccessDenied", UNKNOWN]);
  });
});

describe("the root", () => {
  let root: Keys;
  beforeAll(async () => {
    root = await rootKey();
  });

  test("has a device of its own, by the name that lists show", async () => {
    const own = await scene.makeDevice("root-account-mfa-device", root);
    expect((await scene.enable("root", own, root)).status).toBe(200);
    const listed = await iam("ListVirtualMFADevices", { AssignmentStatus: "Assigned" });
    expect(listed.all("Arn")).toContain(`arn:aws:iam::${ACCOUNT}:root`);
    expect((await iam("ListMFADevices", {}, root)).all("SerialNumber")).toEqual([own.serialNumber]);
    const summary = await iam("GetAccountSummary");
    expect(summary.all("value")[summary.all("key").indexOf("AccountMFAEnabled")]).toBe("1");
    server.clock.advance(STEP);
    const held = await scene.prove("GetSessionToken", own, own.code(), root);
    expect((await iam("ListUsers", {}, keysOf(held))).status).toBe(200);
    const taken = { SerialNumber: own.serialNumber };
    expect((await iam("DeactivateMFADevice", taken, root)).status).toBe(200);
  });
});

/** A key of the root, as `berth account create` makes one. */
async function rootKey(): Promise<Keys> {
  const { identity, masterKey, clock } = server.ports;
  return identity.change(ACCOUNT, CAUSE, clock.now(), (change) =>
    createAccessKey(change, masterKey, undefined, clock.now()),
  );
}
