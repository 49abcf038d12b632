import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresSealedSecrets } from "../../../../src/adapters/postgres/iam/master-key-rotation.ts";
import { MasterKey } from "../../../../src/iam/master-key.ts";
import { rowsOf } from "../../../support/rows.ts";
import { ACCOUNT, type IamServer, keysOf, OTHER, type Parameters, startIamServer } from "./iam-server.ts";
import { deviceArn, type MfaScene, mfaScene, pair } from "./mfa-scene.ts";

let server: IamServer;
let scene: MfaScene;
beforeAll(async () => {
  server = await startIamServer();
  scene = mfaScene(server);
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}) => server.call("iam", action, parameters);
/** Of a refusal: status, code and text. */
const refusal = ({ status, one }: Awaited<ReturnType<typeof iam>>) => [status, one("Code"), one("Message")];

let number = 0;
let user = "";
let name = "";
beforeEach(async () => {
  number++;
  [user, name] = [`user-${number}`, `device-${number}`];
  await iam("CreateUser", { UserName: user });
});

describe("a new device", () => {
  test("shows its seed and a QR code once, and belongs to nobody", async () => {
    const made = await iam("CreateVirtualMFADevice", { VirtualMFADeviceName: name, Path: "/team/" });
    const serial = deviceArn(`team/${name}`);
    expect(made.one("SerialNumber")).toBe(serial);
    expect(Buffer.from(made.one("Base32StringSeed"), "base64").toString()).toMatch(/^[A-Z2-7]{64}$/);
    const png = Buffer.from(made.one("QRCodePNG"), "base64");
    expect(png.subarray(0, 8)).toEqual(Buffer.from("89504e470d0a1a0a", "hex"));
    const listed = await iam("ListVirtualMFADevices", { AssignmentStatus: "Unassigned" });
    expect(listed.all("SerialNumber")).toContain(serial);
    expect(listed.text).not.toContain("Seed");
  });

  test("is kept with its seed encrypted", async () => {
    const { seed, serialNumber } = await scene.makeDevice(name);
    const [row] = await rowsOf<{ kept: string }>(
      server,
      "SELECT encode(seed_ciphertext, 'escape') AS kept FROM iam_mfa_devices WHERE serial_number = $1",
      [serialNumber],
    );
    expect(row?.kept).not.toContain(seed);
  });

  test("needs a name of its own", async () => {
    await scene.makeDevice(name);
    expect(refusal(await iam("CreateVirtualMFADevice", { VirtualMFADeviceName: name }))).toEqual([
      ...[409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists."],
    ]);
  });

  test("has tags that its caller may give, list and take", async () => {
    const tag = { "Tags.member.1.Key": "team", "Tags.member.1.Value": "red" };
    const made = await iam("CreateVirtualMFADevice", { VirtualMFADeviceName: name, ...tag });
    expect(made.one("Key")).toBe("team");
    const SerialNumber = made.one("SerialNumber");
    const more = { "Tags.member.1.Key": "cost", "Tags.member.1.Value": "1" };
    expect((await iam("TagMFADevice", { SerialNumber, ...more })).status).toBe(200);
    expect((await iam("ListMFADeviceTags", { SerialNumber })).all("Key")).toEqual(["cost", "team"]);
    await iam("UntagMFADevice", { SerialNumber, "TagKeys.member.1": "team" });
    expect((await iam("ListMFADeviceTags", { SerialNumber })).all("Key")).toEqual(["cost"]);
  });
});

describe("EnableMFADevice", () => {
  test("gives a device to a user, with two codes in a row", async () => {
    const device = await scene.makeDevice(name);
    expect((await scene.enable(user, device)).status).toBe(200);
    const listed = await iam("ListMFADevices", { UserName: user });
    expect([listed.one("UserName"), listed.one("SerialNumber")]).toEqual([user, device.serialNumber]);
    expect(listed.one("EnableDate")).toBe(`${server.clock.now().toISOString().slice(0, 19)}Z`);
    const assigned = await iam("ListVirtualMFADevices", { AssignmentStatus: "Assigned" });
    expect(assigned.all("SerialNumber")).toContain(device.serialNumber);
    expect(assigned.all("UserName")).toContain(user);
    const got = await iam("GetMFADevice", { SerialNumber: device.serialNumber, UserName: user });
    expect(got.one("UserName")).toBe(user);
  });

  test.each([
    ["one code twice", 0, 0],
    ["the later code first", 0, -1],
    ["codes with a gap", -2, 0],
  ])("refuses %s", async (_, first, second) => {
    const device = await scene.makeDevice(name);
    const codes = pair(user, device, device.code(first), device.code(second));
    expect(refusal(await iam("EnableMFADevice", codes))).toEqual([
      ...[403, "InvalidAuthenticationCode", "Authentication code for device is not valid."],
    ]);
  });

  test("refuses a device that somebody has", async () => {
    const device = await scene.giveDevice(user, name);
    await iam("CreateUser", { UserName: `${user}-b` });
    expect(refusal(await scene.enable(`${user}-b`, device))).toEqual([
      ...[409, "EntityAlreadyExists", "MFA Device is already in use."],
    ]);
  });

  test("refuses a device that does not exist, and one of another account", async () => {
    const foreign = await scene.makeDevice(name, server.otherAdministrator);
    expect(foreign.serialNumber).toContain(OTHER);
    for (const device of [foreign, { ...foreign, serialNumber: deviceArn("absent") }]) {
      const answer = await scene.enable(user, device);
      expect([answer.status, answer.one("Code")]).toEqual([404, "NoSuchEntity"]);
    }
  });

  test("gives a user eight devices at most", async () => {
    for (let at = 1; at <= 8; at++) {
      expect((await scene.enable(user, await scene.makeDevice(`${name}-${at}`))).status).toBe(200);
    }
    expect(refusal(await scene.enable(user, await scene.makeDevice(`${name}-9`)))).toEqual([
      ...[409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8"],
    ]);
  });

  test("takes codes of a clock that is off, and remembers how far", async () => {
    const keys = keysOf(await iam("CreateAccessKey", { UserName: user }));
    const device = await scene.makeDevice(name);
    const ahead = pair(user, device, device.code(9), device.code(10));
    expect((await iam("EnableMFADevice", ahead)).status).toBe(200);
    expect((await scene.prove("GetSessionToken", device, device.code(11), keys)).status).toBe(200);
  });
});

describe("a device of a user", () => {
  test("is learned anew by ResyncMFADevice", async () => {
    const keys = keysOf(await iam("CreateAccessKey", { UserName: user }));
    const device = await scene.giveDevice(user, name);
    expect((await scene.prove("GetSessionToken", device, device.code(8), keys)).status).toBe(403);
    const resynced = await iam("ResyncMFADevice", pair(user, device, device.code(6), device.code(7)));
    expect(resynced.status).toBe(200);
    expect((await scene.prove("GetSessionToken", device, device.code(8), keys)).status).toBe(200);
  });

  test("is not resynced by wrong codes", async () => {
    const device = await scene.giveDevice(user, name);
    const answer = await iam("ResyncMFADevice", pair(user, device, device.code(1), device.code(1)));
    expect([answer.status, answer.one("Code")]).toEqual([403, "InvalidAuthenticationCode"]);
  });

  test("is taken by DeactivateMFADevice, and then deleted", async () => {
    const { serialNumber: SerialNumber } = await scene.giveDevice(user, name);
    expect(refusal(await iam("DeleteVirtualMFADevice", { SerialNumber }))).toEqual([
      ...[409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."],
    ]);
    expect((await iam("DeactivateMFADevice", { UserName: user, SerialNumber })).status).toBe(200);
    expect((await iam("ListMFADevices", { UserName: user })).all("SerialNumber")).toEqual([]);
    expect((await iam("DeleteVirtualMFADevice", { SerialNumber })).status).toBe(200);
    expect((await iam("DeleteVirtualMFADevice", { SerialNumber })).one("Code")).toBe("NoSuchEntity");
  });

  test("is nobody else's to take or to look at", async () => {
    const { serialNumber: SerialNumber } = await scene.giveDevice(user, name);
    await iam("CreateUser", { UserName: `${user}-b` });
    for (const action of ["DeactivateMFADevice", "GetMFADevice"]) {
      const answer = await iam(action, { UserName: `${user}-b`, SerialNumber });
      expect(refusal(answer)).toEqual([404, "NoSuchEntity", "MFA Device invalid for user."]);
    }
  });

  test("keeps the user from being deleted", async () => {
    const { serialNumber: SerialNumber } = await scene.giveDevice(user, name);
    expect(refusal(await iam("DeleteUser", { UserName: user }))).toEqual([
      ...[409, "DeleteConflict", "Cannot delete entity, must delete MFA device first."],
    ]);
    await iam("DeactivateMFADevice", { UserName: user, SerialNumber });
    expect((await iam("DeleteUser", { UserName: user })).status).toBe(200);
  });

  test("is the caller's where no user is named", async () => {
    const { serialNumber } = await scene.giveDevice(user, name);
    const policy = { UserName: user, PolicyName: "p", PolicyDocument: OWN_DEVICES };
    await iam("PutUserPolicy", policy);
    const keys = keysOf(await iam("CreateAccessKey", { UserName: user }));
    const own = await server.call("iam", "ListMFADevices", {}, keys);
    expect(own.all("SerialNumber")).toEqual([serialNumber]);
    expect((await server.call("iam", "ListMFADevices", { UserName: "administrator" }, keys)).status).toBe(
      403,
    );
  });
});

/** What AWS's guide lets users do with their own devices. */
const OWN_DEVICES = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: ["iam:ListMFADevices", "iam:EnableMFADevice"],
      Resource: `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`,
    },
  ],
});

test("a list of devices goes on where its page ended", async () => {
  for (const at of [1, 2, 3]) await scene.makeDevice(`${name}-${at}`);
  const found: string[] = [];
  let marker: Parameters = {};
  do {
    const page = await iam("ListVirtualMFADevices", { MaxItems: 2, ...marker });
    found.push(...page.all("SerialNumber"));
    marker = page.one("IsTruncated") === "true" ? { Marker: page.one("Marker") } : {};
  } while ("Marker" in marker);
  const whole = await iam("ListVirtualMFADevices", { AssignmentStatus: "Any" });
  expect(found).toEqual(whole.all("SerialNumber"));
  expect(found.length).toBeGreaterThanOrEqual(3);
});

test("the account's summary counts devices", async () => {
  const count = async (): Promise<readonly number[]> => {
    const { all } = await iam("GetAccountSummary");
    const values = new Map(all("key").map((key, at) => [key, Number(all("value")[at])]));
    return ["MFADevices", "MFADevicesInUse"].map((key) => values.get(key) ?? -1);
  };
  const [devices = 0, inUse = 0] = await count();
  await scene.makeDevice(`${name}-b`);
  await scene.giveDevice(user, name);
  expect(await count()).toEqual([devices + 2, inUse + 1]);
});

test("a rotation of the master key encrypts seeds anew", async () => {
  const device = await scene.giveDevice(user, name);
  const secrets = postgresSealedSecrets(server.database);
  const rotated = server.ports.masterKey.sealingWith(MasterKey.generate());
  while ((await secrets.reseal(rotated, 100)) > 0);
  const [row] = await rowsOf<{ ciphertext: Buffer; masterKeyId: string }>(
    server,
    `SELECT seed_ciphertext AS ciphertext, master_key_id AS "masterKeyId" FROM iam_mfa_devices WHERE serial_number = $1`,
    [device.serialNumber],
  );
  expect(row?.masterKeyId).toBe(rotated.id);
  expect(row && rotated.open(row, device.serialNumber)).toBe(device.seed);
  expect(await secrets.countByKey()).toHaveLength(1);
});
