import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresKeyUsage } from "../../../../src/adapters/postgres/iam/index.ts";
import { ACCOUNT, type IamServer, startIamServer } from "./iam-server.ts";
import { mfaScene } from "./mfa-scene.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const time = () => `${server.clock.now().toISOString().slice(0, 19)}+00:00`;

/** Rows of the report by user, each field by its column. */
async function report(keys = server.administrator): Promise<Map<string, Record<string, string>>> {
  const answer = await server.call("iam", "GetCredentialReport", {}, keys);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.one("ReportFormat")).toBe("text/csv");
  const [head = "", ...lines] = Buffer.from(answer.one("Content"), "base64").toString().split("\n");
  const columns = head.split(",");
  expect(columns).toHaveLength(22);
  return new Map(
    lines.map((line) => {
      const fields = line.split(",");
      expect(fields).toHaveLength(22);
      return [fields[0] ?? "", Object.fromEntries(columns.map((column, at) => [column, fields[at] ?? ""]))];
    }),
  );
}

test("a credential report is there at once, and of the present", async () => {
  expect((await server.call("iam", "GenerateCredentialReport")).one("State")).toBe("COMPLETE");
  const keys = await server.makeUser("zoe");
  await server.call("iam", "CreateUser", { UserName: "bob", Path: "/team/" });
  await mfaScene(server).giveDevice("bob", "phone");
  const at = server.clock.now();
  await postgresKeyUsage(server.database).record([
    { accessKeyId: keys.accessKeyId, at, service: "ecr", region: "eu-central-1" },
  ]);
  const found = await report();
  expect([...found.keys()]).toEqual(["<root_account>", "administrator", "bob", "zoe"]);
  expect(found.get("zoe")).toMatchObject({
    ...{ arn: `arn:aws:iam::${ACCOUNT}:user/zoe`, password_enabled: "false", mfa_active: "false" },
    ...{ access_key_1_active: "true", access_key_1_last_used_date: time(), cert_1_active: "false" },
    ...{ access_key_1_last_used_region: "eu-central-1", access_key_1_last_used_service: "ecr" },
    ...{ access_key_2_active: "false", access_key_2_last_rotated: "N/A" },
  });
  expect(found.get("bob")).toMatchObject({
    ...{ arn: `arn:aws:iam::${ACCOUNT}:user/team/bob`, mfa_active: "true", access_key_1_active: "false" },
  });
  expect(found.get("<root_account>")).toMatchObject({
    ...{ arn: `arn:aws:iam::${ACCOUNT}:root`, password_enabled: "not_supported", mfa_active: "false" },
    ...{ access_key_1_active: "false" },
  });
  await server.call("iam", "UpdateAccessKey", {
    ...{ UserName: "zoe", AccessKeyId: keys.accessKeyId, Status: "Inactive" },
  });
  server.clock.advance(1000);
  await server.call("iam", "CreateAccessKey", { UserName: "zoe" });
  expect((await report()).get("zoe")).toMatchObject({
    ...{ access_key_1_active: "false", access_key_2_active: "true", access_key_2_last_used_date: "N/A" },
  });
});

test("is another account's own, and for whom a policy lets read it", async () => {
  expect([...(await report(server.otherAdministrator)).keys()]).toEqual(["<root_account>", "administrator"]);
  const keys = await server.makeUser("dan");
  for (const action of ["GenerateCredentialReport", "GetCredentialReport"]) {
    expect((await server.call("iam", action, {}, keys)).one("Code")).toBe("AccessDenied");
  }
});
