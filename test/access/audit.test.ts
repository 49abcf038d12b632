import { afterAll, describe, expect, test } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import type { AuditFilter, KeptRecord } from "../../src/audit/audit-log.ts";
import { LOGIN_ACTION } from "../../src/iam/logins/login-record.ts";
import { DEFAULT_SETTINGS } from "../../src/registry/repositories/settings.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, type Sent } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, imageOf, layerOf, openSession, pushBlob, pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { callEcrApi, callQuery, keysIn, succeeded } from "./aws-client.ts";
import { ACCOUNT, allow, document, openScene, REGION } from "./scene.ts";

const home = await makeTestHome({ BERTH_AUDIT_PULLS: "on" });
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});
const log = postgresAuditLog(berth.database);
const scene = openScene(berth, home, { now: () => new Date() });
const ROOT_USER = `arn:aws:iam::${ACCOUNT}:user/administrator`;
const EVERYTHING: AuditFilter = {
  ...{ since: undefined, until: undefined, account: undefined, principal: undefined, action: undefined },
  ...{ resource: undefined, sourceIp: undefined, requestId: undefined, decision: undefined },
};

/** What the first push of a manifest under a tag changes. */
const TYPES = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  artifactType: "application/vnd.oci.image.config.v1+json",
};
const FIRST = { created: true, moved: [{ tag: "v1", from: null }] };

/** A permission that is beside the point. */
const NOTHING = [allow(["ecr:DescribeImages"])];
let last = 0;

/** What was recorded since the last question. */
async function news(filter: Partial<AuditFilter> = {}): Promise<readonly KeptRecord[]> {
  const all = await log.latest({ ...EVERYTHING, ...filter }, 10_000);
  const fresh = all.filter(({ id, action }) => id > last && action !== LOGIN_ACTION);
  last = Math.max(last, ...all.map(({ id }) => id));
  return fresh;
}

const send = (method: string, path: string, more: Omit<Sent, "method" | "path"> = {}): Promise<Answer> =>
  exchange(berth, { method, path, ...more, headers: { "user-agent": "docker/28", ...more.headers } });

const arnOf = (repository: string): string => `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${repository}`;
const shown = (records: readonly KeptRecord[]): unknown =>
  records.map(({ action, resource, detail }) => [action, resource.split(":repository/")[1], detail]);

describe("a change of the registry", () => {
  test("is recorded with who, what, on what, from where and in which request", async () => {
    await createRepository(berth, "audited/app");
    const { bytes, digest, mediaType } = imageOf("audited");
    await pushBlob(berth, "audited/app", JSON.stringify({ config: "audited" }));
    await pushBlob(berth, "audited/app", layerOf("audited"));
    await news();
    const headers = { "content-type": mediaType };
    const answer = await send("PUT", "/v2/audited/app/manifests/v1", { headers, body: bytes });
    expect(answer.status).toBe(201);
    const [{ id: _, ...record } = {} as KeptRecord, ...others] = await news();
    expect(others).toEqual([]);
    expect(record).toEqual({
      ...{ at: expect.any(Date), requestId: answer.headers["x-request-id"], account: ACCOUNT },
      ...{ principal: ROOT_USER, accessKeyId: ADMINISTRATOR.accessKeyId, action: "ecr:PutImage" },
      ...{ resource: arnOf("audited/app"), sourceIp: "127.0.0.1", userAgent: "docker/28" },
      ...{ decision: "allowed", reason: undefined, detail: { digest, tags: ["v1"], ...TYPES, ...FIRST } },
    });
  });

  test("is one record for each that a push makes, the repository among them", async () => {
    await news();
    const image = await pushImage(berth, "made/by-push", "v1", "made by a push");
    const [blob, config] = await Promise.all([
      pushBlob(berth, "audited/app", layerOf("made by a push")),
      pushBlob(berth, "audited/app", JSON.stringify({ config: "made by a push" })),
    ]);
    const made = await news({ resource: "*made/by-push" });
    expect(shown(made)).toEqual([
      ["ecr:CreateRepository", "made/by-push", { settings: DEFAULT_SETTINGS }],
      ["ecr:CompleteLayerUpload", "made/by-push", { digest: config, size: expect.any(Number) }],
      ["ecr:CompleteLayerUpload", "made/by-push", { digest: blob, size: expect.any(Number) }],
      ["ecr:PutImage", "made/by-push", { digest: image.digest, tags: ["v1"], ...TYPES, ...FIRST }],
    ]);
  });

  test("in parts is one record, when it is complete; what cancels and reads leaves none", async () => {
    await createRepository(berth, "in/parts");
    await news();
    const session = await openSession(berth, "in/parts");
    await send("PATCH", session, { body: "in parts" });
    await send("GET", session);
    const digest = digestOfText("something else");
    expect((await send("PUT", `${session}?digest=${digest}`)).status).toBe(400);
    expect((await send("DELETE", session)).status).toBe(204);
    expect(await news()).toEqual([]);
  });

  test("by mount names where the blob came from", async () => {
    const digest = await pushBlob(berth, "in/parts", "to be mounted");
    await createRepository(berth, "mounted/here");
    await news();
    const answer = await send("POST", `/v2/mounted/here/blobs/uploads/?mount=${digest}&from=in/parts`);
    expect(answer.status).toBe(201);
    expect(shown(await news())).toEqual([
      ["ecr:CompleteLayerUpload", "mounted/here", { digest, from: "in/parts" }],
    ]);
  });

  test("by deletion names what went; one that is refused leaves nothing", async () => {
    const { digest } = await pushImage(berth, "to/delete", "v1", "to delete");
    const blob = await pushBlob(berth, "to/delete", "loose");
    await send("PUT", "/v2/to/delete/manifests/v2", {
      headers: { "content-type": imageOf("to delete").mediaType },
      body: imageOf("to delete").bytes,
    });
    await news();
    expect((await send("DELETE", "/v2/to/delete/manifests/v1")).status).toBe(202);
    expect((await send("DELETE", "/v2/to/delete/manifests/v1")).status).toBe(404);
    expect((await send("DELETE", `/v2/to/delete/blobs/${blob}`)).status).toBe(202);
    expect((await send("DELETE", `/v2/to/delete/manifests/${digest}`)).status).toBe(202);
    expect(shown(await news())).toEqual([
      ["ecr:BatchDeleteImage", "to/delete", { tag: "v1", digest, ...TYPES }],
      ["ecr:BatchDeleteImage", "to/delete", { digest: blob }],
      ["ecr:BatchDeleteImage", "to/delete", { digest, tags: ["v2"], ...TYPES }],
    ]);
  });

  test("by deletion of a repository names what went with it, within bounds, and how much that was", async () => {
    const { digest } = await pushImage(berth, "whole/app", "v1", "whole");
    const { bytes, mediaType } = imageOf("whole");
    const put = (tag: string): Promise<Answer> =>
      send("PUT", `/v2/whole/app/manifests/${tag}`, { headers: { "content-type": mediaType }, body: bytes });
    for (let at = 0; at < 120; at++) await put(`build-${1_000 + at}`);
    await news();
    const keys = { ...ADMINISTRATOR };
    const input = { repositoryName: "whole/app", force: true };
    expect((await callEcrApi(berth.url, "DeleteRepository", input, keys)).status).toBe(200);
    const [record] = await news();
    expect(record).toMatchObject({ action: "ecr:DeleteRepository", resource: arnOf("whole/app") });
    const { manifests, digests, tags, tagged } = record?.detail ?? {};
    expect([manifests, digests, tags]).toEqual([1, [digest], 121]);
    expect(Object.entries(tagged ?? {})).toHaveLength(100);
    expect(tagged).toMatchObject({ "build-1000": digest });
  });

  test("by deletion of a repository counts no more than ten thousand: nobody may push there meanwhile", async () => {
    await createRepository(berth, "vast/app");
    await rowsOf(
      berth,
      `INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
        SELECT id, decode('01', 'hex') || sha256(n::text::bytea), 'x/y', 0, '', created_at, 'test'
        FROM repositories, generate_series(1, 10001) AS n WHERE name = 'vast/app' RETURNING 1`,
    );
    await news();
    const input = { repositoryName: "vast/app", force: true };
    expect((await callEcrApi(berth.url, "DeleteRepository", input, { ...ADMINISTRATOR })).status).toBe(200);
    expect((await news()).map(({ detail }) => [detail["manifests"], detail["tags"]])).toEqual([
      ["more than 10000", 0],
    ]);
  });

  test("by deletion of an empty repository names nothing more", async () => {
    await createRepository(berth, "empty/app");
    await news();
    const input = { repositoryName: "empty/app" };
    expect((await callEcrApi(berth.url, "DeleteRepository", input, { ...ADMINISTRATOR })).status).toBe(200);
    expect((await news()).map(({ detail }) => Object.keys(detail))).toEqual([["parameters"]]);
  });

  test("that made a repository for nothing takes it back, on the record", async () => {
    await news();
    const body = Buffer.from("{}");
    const digest = `sha256:${"0".repeat(64)}`;
    expect((await send("POST", `/v2/for/nothing/blobs/uploads/?digest=${digest}`, { body })).status).toBe(
      400,
    );
    expect((await news()).map(({ action }) => action)).toEqual([
      "ecr:CreateRepository",
      "ecr:DeleteRepository",
    ]);
  });

  test("that cannot be recorded is not made", async () => {
    const { bytes, mediaType } = imageOf("audited");
    await rowsOf(berth, "ALTER TABLE audit_log RENAME TO audit_log_away");
    try {
      const headers = { "content-type": mediaType };
      const answer = await send("PUT", "/v2/audited/app/manifests/unrecorded", { headers, body: bytes });
      expect(answer.status).toBe(500);
    } finally {
      await rowsOf(berth, "ALTER TABLE audit_log_away RENAME TO audit_log");
    }
    expect((await send("GET", "/v2/audited/app/manifests/unrecorded")).status).toBe(404);
  });
});

describe("a change through the AWS API", () => {
  const iam = (action: string, parameters: Readonly<Record<string, string>>) =>
    callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR);
  const ecr = (operation: string, input: object) => callEcrApi(berth.url, operation, input, ADMINISTRATOR);

  test("of IAM is recorded with its parameters, and one that fails is not", async () => {
    await news();
    await succeeded(iam("CreateUser", { UserName: "recorded", Path: "/team/" }));
    expect((await iam("CreateUser", { UserName: "recorded" })).status).toBe(409);
    await succeeded(iam("ListUsers", {}));
    expect(await news()).toMatchObject([
      {
        ...{ action: "iam:CreateUser", resource: `arn:aws:iam::${ACCOUNT}:user/team/recorded` },
        ...{ principal: ROOT_USER, accessKeyId: ADMINISTRATOR.accessKeyId, sourceIp: "127.0.0.1" },
        ...{ detail: { parameters: { UserName: "recorded", Path: "/team/" } } },
      },
    ]);
  });

  test("that stores a policy with actions that are none says which", async () => {
    const policy = document({
      Effect: "Deny",
      Action: ["ecr:PutImages", "ecr:PutImage", "s3:Any"],
      Resource: "*",
    });
    await succeeded(iam("CreateUser", { UserName: "misspelt" }));
    await news();
    const named = { UserName: "misspelt", PolicyName: "p" };
    await succeeded(iam("PutUserPolicy", { ...named, PolicyDocument: policy }));
    await succeeded(iam("DeleteUserPolicy", named));
    const [put, deleted] = await news();
    const garbage = await iam("PutUserPolicy", { ...named, PolicyDocument: "{ no JSON" });
    expect([garbage.status, garbage.text]).toEqual([400, expect.stringContaining("MalformedPolicyDocument")]);
    expect(put?.detail).toMatchObject({ parameters: named, unknownActions: ["ecr:PutImages"] });
    expect(deleted?.detail).toEqual({ parameters: named });
  });

  test("of ECR as well", async () => {
    await news();
    await succeeded(ecr("CreateRepository", { repositoryName: "by/api" }));
    const policyText = document({ Effect: "Deny", Principal: "*", Action: "ecr:PutImage" });
    await succeeded(ecr("SetRepositoryPolicy", { repositoryName: "by/api", policyText }));
    await succeeded(ecr("DeleteRepositoryPolicy", { repositoryName: "by/api" }));
    expect((await ecr("DeleteRepositoryPolicy", { repositoryName: "by/api" })).status).toBe(400);
    await succeeded(ecr("DeleteRepository", { repositoryName: "by/api" }));
    const registryPolicy = document({
      ...{ Effect: "Deny", Principal: "*", Action: "ecr:ReplicateImage", Resource: arnOf("*") },
    });
    await succeeded(ecr("PutRegistryPolicy", { policyText: registryPolicy }));
    await succeeded(ecr("DeleteRegistryPolicy", {}));
    const records = await news();
    expect(records.map(({ action, resource }) => [action, resource])).toEqual([
      ["ecr:CreateRepository", arnOf("by/api")],
      ["ecr:SetRepositoryPolicy", arnOf("by/api")],
      ["ecr:DeleteRepositoryPolicy", arnOf("by/api")],
      ["ecr:DeleteRepository", arnOf("by/api")],
      ["ecr:PutRegistryPolicy", "*"],
      ["ecr:DeleteRegistryPolicy", "*"],
    ]);
    expect(records[1]?.detail).toEqual({ parameters: { repositoryName: "by/api", policyText } });
  });

  test("of STS names the credentials that were made, and none of their secrets", async () => {
    const trust = document({ Effect: "Allow", Principal: { AWS: ROOT_USER }, Action: "sts:AssumeRole" });
    await succeeded(iam("CreateRole", { RoleName: "worn", AssumeRolePolicyDocument: trust }));
    await news();
    const role = `arn:aws:iam::${ACCOUNT}:role/worn`;
    const worn = await succeeded(
      callQuery(berth.url, "sts", "AssumeRole", { RoleArn: role, RoleSessionName: "session" }, ADMINISTRATOR),
    );
    const own = await succeeded(callQuery(berth.url, "sts", "GetSessionToken", {}, ADMINISTRATOR));
    const records = await news();
    expect(records).toMatchObject([
      { action: "sts:AssumeRole", resource: role, detail: { issued: keysIn(worn).accessKeyId } },
      { action: "sts:GetSessionToken", resource: ROOT_USER, detail: { issued: keysIn(own).accessKeyId } },
    ]);
    const written = JSON.stringify(records);
    for (const keys of [worn, own].map(keysIn)) {
      expect(written).not.toContain(keys.secretAccessKey);
      expect(written).not.toContain(keys.sessionToken);
    }
  });
});

describe("a denial", () => {
  test.each([
    ["GET", "/v2/audited/app/manifests/v1", "ecr:BatchGetImage"],
    ["DELETE", "/v2/audited/app/manifests/v1", "ecr:BatchDeleteImage"],
  ])("of the registry: %s %s", async (method, path, action) => {
    const keys = await scene.makeUser(`denied-${method}`, NOTHING);
    await news();
    const authorization = basic(keys.accessKeyId, keys.secretAccessKey);
    const answer = await send(method, path, { headers: { authorization } });
    expect(answer.status).toBe(403);
    const requestId = String(answer.headers["x-request-id"]);
    await expect.poll(() => log.findDenial(requestId), { timeout: 5_000 }).toBeDefined();
    expect(await news({ decision: "denied" })).toMatchObject([
      {
        ...{ requestId, action, resource: arnOf("audited/app"), accessKeyId: keys.accessKeyId },
        ...{ reason: expect.stringContaining(`is not authorized to perform: ${action}`) },
      },
    ]);
  });

  test("of the AWS API is found by the request id of its error", async () => {
    const keys = await scene.makeUser("denied-api", NOTHING);
    const answer = await callQuery(berth.url, "iam", "CreateUser", { UserName: "never" }, keys);
    expect(answer.status).toBe(403);
    const requestId = /<RequestId>([^<]+)</.exec(answer.text)?.[1] ?? "";
    await expect
      .poll(() => log.findDenial(requestId), { timeout: 5_000 })
      .toMatchObject({
        ...{ action: "iam:CreateUser", resource: `arn:aws:iam::${ACCOUNT}:user/never` },
        ...{ principal: `arn:aws:iam::${ACCOUNT}:user/denied-api` },
      });
  });

  test("by a role's trust policy too", async () => {
    const keys = await scene.makeUser("untrusted", NOTHING);
    const parameters = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/worn`, RoleSessionName: "session" };
    const answer = await callQuery(berth.url, "sts", "AssumeRole", parameters, keys);
    expect(answer.status).toBe(403);
    const requestId = /<RequestId>([^<]+)</.exec(answer.text)?.[1] ?? "";
    await expect
      .poll(() => log.findDenial(requestId), { timeout: 5_000 })
      .toMatchObject({
        ...{ action: "sts:AssumeRole", principal: `arn:aws:iam::${ACCOUNT}:user/untrusted` },
      });
  });
});

describe("a pull", () => {
  test("is recorded where configuration asks for it, and a HEAD is none", async () => {
    await news();
    const head = await send("HEAD", "/v2/audited/app/manifests/v1");
    const answer = await send("GET", "/v2/audited/app/manifests/v1");
    expect([head.status, answer.status]).toEqual([200, 200]);
    const found = (): Promise<readonly KeptRecord[]> =>
      log.latest({ ...EVERYTHING, action: "ecr:BatchGetImage", decision: "allowed" }, 10);
    await expect.poll(found, { timeout: 5_000 }).toMatchObject([
      {
        ...{
          requestId: answer.headers["x-request-id"],
          resource: arnOf("audited/app"),
          principal: ROOT_USER,
        },
        detail: { digest: answer.headers["docker-content-digest"], reference: "v1" },
      },
    ]);
  });
});
