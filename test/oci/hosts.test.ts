import { afterAll, describe, expect, test } from "vitest";
import { postgresAccounts } from "../../src/adapters/postgres/iam/index.ts";
import { startTestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { type Answer, exchange, expectAnswer, testExchanges } from "../support/exchange.ts";
import { pushBlob, pushImage } from "../support/push.ts";

const ACCOUNT = "111122223333";
const berth = await startTestBerth({
  env: { BERTH_ACCOUNT_ID: ACCOUNT, BERTH_REGION: "eu-central-1", BERTH_REGIONS: "us-west-2" },
});
afterAll(() => berth.stop());

const image = await pushImage(berth, "lib/app", "v1", "hosts");
const accounts = postgresAccounts(berth.database);
await accounts.create({ id: "444455556666", name: undefined }, "eu-central-1", CAUSE, new Date());
await accounts.create({ id: ACCOUNT, name: undefined }, "us-west-2", CAUSE, new Date());

const pull = (host: string) => ({ path: "/v2/lib/app/manifests/v1", headers: { host } });

describe("a host that speaks to the default account", () => {
  testExchanges(
    berth,
    [
      "localhost:5050",
      "127.0.0.1",
      "[::1]:5050",
      "registry.example.com",
      `${ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com`,
      `${ACCOUNT}.dkr.ecr.eu-central-1.localhost:5050`,
      `${ACCOUNT}.dkr.ecr-fips.eu-central-1.amazonaws.com`,
      `${ACCOUNT}.dkr-ecr.eu-central-1.on.aws`,
      `${ACCOUNT}.DKR.ECR.EU-CENTRAL-1.amazonaws.com`,
      "12345.dkr.ecr.us-east-1.amazonaws.com",
      "x444455556666.dkr.ecr.us-east-1.amazonaws.com",
    ].map((host) => ({ name: host, ...pull(host), status: 200, content: image.bytes })),
  );
});

const UNKNOWN = "999999999999";

describe("a host that names a region without a registry of the caller's own account", () => {
  const row = (host: string, says: string) => ({
    name: host,
    ...pull(host),
    status: 404,
    code: "NAME_UNKNOWN",
    says,
  });
  testExchanges(berth, [
    row(`${ACCOUNT}.dkr.ecr.mars-north-1.example.com`, `account ${ACCOUNT} in region mars-north-1`),
    {
      ...row(`${ACCOUNT}.dkr.ecr.mars-north-1.example.com`, "mars-north-1"),
      name: "on a push too",
      method: "POST",
      path: "/v2/lib/app/blobs/uploads/",
    },
    {
      name: "still answers the ping of whoever has credentials",
      path: "/v2/",
      headers: { host: `${UNKNOWN}.dkr.ecr.eu-central-1.example.com` },
      status: 200,
    },
    {
      name: "still wants credentials first",
      ...pull(`${UNKNOWN}.dkr.ecr.eu-central-1.example.com`),
      headers: { host: `${UNKNOWN}.dkr.ecr.eu-central-1.example.com`, authorization: "" },
      status: 401,
      answers: {
        "WWW-Authenticate":
          'Basic realm="http://999999999999.dkr.ecr.eu-central-1.example.com/",service="berth"',
      },
    },
  ]);
});

describe("another account's registry", () => {
  const host = "444455556666.dkr.ecr.eu-central-1.example.com";
  testExchanges(
    berth,
    (
      [
        ["GET", "/v2/lib/app/manifests/v1", "ecr:BatchGetImage"],
        ["PUT", "/v2/lib/app/manifests/v1", "ecr:PutImage"],
        ["POST", "/v2/lib/app/blobs/uploads/", "ecr:InitiateLayerUpload"],
        ["GET", "/v2/lib/app/tags/list", "ecr:ListImages"],
        ["GET", `/v2/lib/app/referrers/${image.digest}`, "ecr:BatchGetImage"],
        ["DELETE", `/v2/lib/app/manifests/${image.digest}`, "ecr:BatchDeleteImage"],
      ] as const
    ).map(([method, path, action]) => ({
      name: `denies ${method} ${path.replace(/[0-9a-f]{64}/, "…")}, in IAM's words`,
      method,
      path,
      headers: { host },
      status: 403,
      code: "DENIED",
      says:
        `User: arn:aws:iam::${ACCOUNT}:user/administrator is not authorized to perform: ${action} on resource: ` +
        "arn:aws:ecr:eu-central-1:444455556666:repository/lib/app",
    })),
  );
  testExchanges(berth, [
    {
      name: "denies its catalog",
      path: "/v2/_catalog",
      headers: { host },
      status: 403,
      code: "DENIED",
      says: "ecr:DescribeRepositories on resource: arn:aws:ecr:eu-central-1:444455556666:repository/*",
    },
  ]);
});

describe("an account that does not exist answers as one that does", () => {
  const session = "0b9d9a4e-0000-4000-8000-000000000000";
  test.each([
    ["GET", "/v2/"],
    ["GET", "/v2/_catalog"],
    ["GET", "/v2/lib/app/manifests/v1"],
    ["HEAD", "/v2/lib/app/manifests/v1"],
    ["PUT", "/v2/lib/app/manifests/v1"],
    ["DELETE", `/v2/lib/app/manifests/${image.digest}`],
    ["GET", `/v2/lib/app/blobs/${image.digest}`],
    ["DELETE", `/v2/lib/app/blobs/${image.digest}`],
    ["POST", "/v2/lib/app/blobs/uploads/"],
    ["POST", `/v2/lib/app/blobs/uploads/?mount=${image.digest}&from=lib/other`],
    ["PATCH", `/v2/lib/app/blobs/uploads/${session}`],
    ["PUT", `/v2/lib/app/blobs/uploads/${session}?digest=${image.digest}`],
    ["GET", `/v2/lib/app/blobs/uploads/${session}`],
    ["DELETE", `/v2/lib/app/blobs/uploads/${session}`],
    ["GET", "/v2/lib/app/tags/list"],
    ["GET", `/v2/lib/app/referrers/${image.digest}`],
  ])("%s %s", async (method, path) => {
    const answerOf = async (account: string): Promise<readonly unknown[]> => {
      const host = `${account}.dkr.ecr.eu-central-1.example.com`;
      const { status, body } = await exchange(berth, { method, path, headers: { host } });
      const said = body
        .toString()
        .replaceAll(account, "…")
        .replace(/"decisionId":"[^"]*"/, "");
      return [status, said];
    };
    const known = await answerOf("444455556666");
    expect(known[0]).toBe(path === "/v2/" ? 200 : 403);
    expect(await answerOf(UNKNOWN)).toEqual(known);
  });
});

describe("one account in two regions", () => {
  const west = { host: `${ACCOUNT}.dkr.ecr.us-west-2.example.com` };
  const inWest = (method: string, path: string, body?: string): Promise<Answer> =>
    exchange(berth, { method, path, headers: west, ...(body === undefined ? {} : { body }) });

  test("has two registries: a name in one is not in the other", async () => {
    expectAnswer(await inWest("GET", "/v2/lib/app/manifests/v1"), { status: 404, code: "NAME_UNKNOWN" });
    const digest = await pushBlob(berth, "lib/app", "only in the centre");
    const upload = await inWest("POST", "/v2/lib/app/blobs/uploads/");
    expectAnswer(upload, { status: 202 });
    expectAnswer(await inWest("HEAD", `/v2/lib/app/blobs/${digest}`), { status: 404, method: "HEAD" });
    expectAnswer(await inWest("GET", "/v2/_catalog"), { status: 200, json: { repositories: ["lib/app"] } });
  });

  test("shares no blobs: a mount from the other region is an upload", async () => {
    const digest = await pushBlob(berth, "lib/app", "mounted by nobody else");
    const answer = await inWest("POST", `/v2/lib/west/blobs/uploads/?mount=${digest}&from=lib/app`);
    expectAnswer(answer, { status: 202 });
    expectAnswer(await inWest("POST", `/v2/lib/west/blobs/uploads/?mount=${digest}`), { status: 202 });
  });

  test("a session belongs to its registry", async () => {
    const { headers } = await inWest("POST", "/v2/lib/app/blobs/uploads/");
    const answer = await exchange(berth, { path: headers.location ?? "" });
    expectAnswer(answer, { status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
  });
});
