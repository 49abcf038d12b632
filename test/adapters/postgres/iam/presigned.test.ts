import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signInQuery, type ToSign } from "../../../iam/sigv4/signer.ts";
import { ACCOUNT, type IamServer, startIamServer } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
});
afterAll(() => server.close());

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const STS = { Action: "GetCallerIdentity", Version: "2011-06-15" };

function presign(changed: Partial<ToSign> = {}): string {
  const { path } = signInQuery({
    ...{ method: "GET", parameters: Object.entries(STS), headers: { Host: new URL(server.url).host } },
    ...{ keyId: server.administrator.accessKeyId, secret: server.administrator.secretAccessKey },
    ...{ region: "us-east-1", service: "sts", date: server.clock.now() },
    ...changed,
  });
  return server.url + path;
}

describe("a presigned URL", () => {
  test("proves who somebody is", async () => {
    const response = await fetch(presign());
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/xml"]);
    expect(await response.text()).toContain(`<Account>${ACCOUNT}</Account>`);
  });

  test("ends when it says", async () => {
    const url = presign({ expires: 120 });
    server.clock.advance(120_000);
    expect((await fetch(url)).status).toBe(200);
    server.clock.advance(1_000);
    const late = await fetch(url);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain("- 120 sec.)");
  });

  test.each([
    ["sts", "GetSessionToken", {}],
    ["sts", "AssumeRole", { RoleArn: `arn:aws:iam::${ACCOUNT}:role/r`, RoleSessionName: "run" }],
    ["sts", "GetAccessKeyInfo", { AccessKeyId: "AKIAADMINISTRATOR000" }],
    ["iam", "ListUsers", { Version: "2010-05-08" }],
    ["iam", "GetUser", { Version: "2010-05-08" }],
  ])("does nothing else: %s %s, as GET or in a form", async (service, Action, more) => {
    const parameters = { ...STS, Action, ...more };
    const body = String(new URLSearchParams(parameters));
    const form = presign({ method: "POST", parameters: [], body, service });
    const answers = [
      await fetch(presign({ parameters: Object.entries(parameters), service })),
      await fetch(form, { method: "POST", body, headers: FORM }),
    ];
    for (const answer of answers) {
      const text = await answer.text();
      expect([answer.status, /<Code>(.*)<\/Code>/.exec(text)?.[1]]).toEqual([403, "IncompleteSignature"]);
      expect(text).toContain("This operation takes no credentials in the query string.");
    }
  });

  test("does not do what its body says beside its query", async () => {
    const body = String(new URLSearchParams({ Action: "GetSessionToken", Version: STS.Version }));
    const answer = await fetch(presign({ method: "POST", body }), { method: "POST", body, headers: FORM });
    expect(await answer.text()).not.toContain("SessionToken>");
  });
});

describe("Accept: application/json", () => {
  const headers = { accept: "application/json" };

  test("is answered in JSON, as authenticators of Kubernetes read it", async () => {
    const response = await fetch(presign(), { headers });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    const answer = await response.json();
    expect(answer).toEqual({
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: {
          Account: ACCOUNT,
          Arn: `arn:aws:iam::${ACCOUNT}:user/administrator`,
          UserId: expect.stringMatching(/^AIDA/),
        },
        ResponseMetadata: { RequestId: response.headers.get("x-amzn-requestid") },
      },
    });
  });

  test("is told of refusals in JSON", async () => {
    const response = await fetch(presign({ secret: "another" }), { headers });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ Error: { Type: "Sender", Code: "SignatureDoesNotMatch" } });
  });

  test.each(["*/*", "text/xml", "application/jsonp", "text/xml, application/json"])(
    "is not %s",
    async (accept) => {
      const response = await fetch(presign(), { headers: { accept } });
      expect(response.headers.get("content-type")).toBe("text/xml");
    },
  );
});
