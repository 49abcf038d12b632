import { afterAll, describe, test } from "vitest";
import { callQuery, keysIn, succeeded } from "../access/aws-client.ts";
import { requestText } from "../hostile/raw.ts";
import { ADMINISTRATOR, basic, startTestBerth } from "../support/berth.ts";
import { createRepository, pushImage } from "../support/push.ts";
import { type Dimension, expectCheap, expectTurns, fill } from "./cost.ts";
import { signedForm, signedJson } from "./signed.ts";

const berth = await startTestBerth({ env: { BERTH_BEARER_HOSTS: "localhost" } });
afterAll(() => berth.stop());
await pushImage(berth, "app", "v1", "policies");

const named = (name: string, limit: number, request: Dimension["request"]): [string, Dimension] => [
  name,
  { name, limit, request },
];

type Part = (size: number) => unknown;

const allow = (more: Readonly<Record<string, unknown>>): unknown => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "ecr:GetImage", Resource: "*", ...more }],
});
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** Texts of policies, each about `size` characters long. */
const DOCUMENTS: Readonly<Record<string, Part>> = {
  "many statements": (size) => ({
    Version: "2012-10-17",
    Statement: times(size / 60, (at) => ({ Sid: `s${at}`, Effect: "Deny", Action: "a:b", Resource: "*" })),
  }),
  "many actions": (size) => allow({ Action: times(size / 16, (at) => `ecr:G*a*${at}`) }),
  "many resources": (size) =>
    allow({ Resource: times(size / 40, (at) => `arn:aws:ecr:*:*:repository/*a*${at}`) }),
  "a pattern of many stars": (size) => allow({ Resource: fill(size - 150, "*a") }),
  "an action of many stars": (size) => allow({ Action: fill(size - 150, "*a", "ecr:") }),
  "a variable that never ends": (size) => allow({ Resource: fill(size - 150, " ", "arn:${") }),
  "many variables": (size) => allow({ Resource: fill(size - 150, `${"{aws:username}"}`) }),
  "many broken variables": (size) => allow({ Resource: fill(size - 150, "${") }),
  "variables with defaults": (size) => allow({ Resource: fill(size - 150, `${"{a,'b'}"}`) }),
  "many conditions": (size) =>
    allow({
      Condition: {
        StringLike: Object.fromEntries(times(size / 30, (at) => [`aws:RequestTag/k${at}`, "*a*b*"])),
      },
    }),
  "many values": (size) =>
    allow({ Condition: { StringLike: { "aws:UserAgent": times(size / 12, (at) => `*a*${at}`) } } }),
  "many addresses": (size) =>
    allow({
      Condition: { IpAddress: { "aws:SourceIp": times(size / 20, (at) => `10.${at % 250}.0.0/16`) } },
    }),
  "many dates": (size) =>
    allow({
      Condition: { DateLessThan: { "aws:CurrentTime": times(size / 24, () => "2030-01-01T00:00:00Z") } },
    }),
  "many numbers": (size) =>
    allow({ Condition: { NumericLessThan: { "a:b": times(size / 24, () => "1".repeat(20)) } } }),
  "a number without end": (size) =>
    allow({ Condition: { NumericLessThan: { "a:b": "1".repeat(size - 200) } } }),
  "a date without end": (size) => allow({ Condition: { DateLessThan: { "a:b": "2".repeat(size - 200) } } }),
  "an ARN without end": (size) => allow({ Condition: { ArnLike: { "a:b": fill(size - 200, "*:") } } }),
  "many principals": (size) =>
    allow({ Principal: { AWS: times(size / 30, (at) => `arn:aws:iam::000000000000:user/u${at}`) } }),
  "a key without end": (size) =>
    allow({ Condition: { StringLike: { [`aws:${"a".repeat(size - 200)}`]: "x" } } }),
  depth: (size) => fill(size, "[", '{"Version":', ""),
  blanks: (size) => fill(size, " ", '{"Version":"2012-10-17"', "}"),
  backslashes: (size) => fill(size, "\\u0061", '{"Version":"', '"}'),
};

const textOf = (document: unknown): string =>
  typeof document === "string" ? document : JSON.stringify(document);

describe("a document of", () => {
  const LARGEST = 100_000;
  const form = (action: string, member: string, more: string) => (document: unknown) =>
    signedForm("iam", action, `${more}${member}=${encodeURIComponent(textOf(document))}`);
  const DOORS: Readonly<Record<string, readonly [number, (document: unknown) => Buffer]>> = {
    CreatePolicy: [LARGEST, form("CreatePolicy", "PolicyDocument", "PolicyName=p&")],
    "CreatePolicy, of a size that fits": [6_100, form("CreatePolicy", "PolicyDocument", "PolicyName=p&")],
    PutUserPolicy: [LARGEST, form("PutUserPolicy", "PolicyDocument", "PolicyName=p&UserName=nobody&")],
    CreateRole: [LARGEST, form("CreateRole", "AssumeRolePolicyDocument", "RoleName=r&")],
    GetContextKeysForCustomPolicy: [
      LARGEST,
      form("GetContextKeysForCustomPolicy", "PolicyInputList.member.1", ""),
    ],
    SimulateCustomPolicy: [
      LARGEST,
      form("SimulateCustomPolicy", "PolicyInputList.member.1", "ActionNames.member.1=ecr:GetImage&"),
    ],
    SetRepositoryPolicy: [
      LARGEST,
      (document) =>
        signedJson(
          "SetRepositoryPolicy",
          JSON.stringify({ repositoryName: "app", policyText: textOf(document) }),
        ),
    ],
    PutRegistryPolicy: [
      LARGEST,
      (document) => signedJson("PutRegistryPolicy", JSON.stringify({ policyText: textOf(document) })),
    ],
  };
  test.each(
    Object.entries(DOCUMENTS).flatMap(([what, document]) =>
      Object.entries(DOORS).map(([door, [limit, request]]) =>
        named(`${what}, to ${door}`, limit, (size) => request(document(size))),
      ),
    ),
  )("%s", (_, dimension) => expectCheap(berth, dimension));
});

describe("a decision about long values, by as many patterns as a user may have", async () => {
  const iam = (action: string, parameters: Readonly<Record<string, string>>) =>
    succeeded(callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR));
  const patterns = (at: number) => times(80, (each) => `*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*${at}-${each}`);
  await iam("CreateUser", { UserName: "u" });
  for (const at of times(50, (each) => each)) {
    const document = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "ecr:*", Resource: "*" },
        {
          ...{ Effect: "Deny", Action: "*", Resource: "*" },
          Condition: { StringLike: { "aws:UserAgent": patterns(at) } },
        },
      ],
    };
    const created = await iam("CreatePolicy", { PolicyName: `p${at}`, PolicyDocument: textOf(document) });
    const arn = /<Arn>([^<]*)<\/Arn>/.exec(created)?.[1] ?? "";
    const group = `g${Math.floor(at / 10)}`;
    if (at % 10 === 0) {
      await iam("CreateGroup", { GroupName: group });
      await iam("AddUserToGroup", { GroupName: group, UserName: "u" });
    }
    await iam("AttachGroupPolicy", { GroupName: group, PolicyArn: arn });
  }
  const keys = keysIn(await iam("CreateAccessKey", { UserName: "u" }));
  const authorization = `Authorization: ${basic(keys.accessKeyId, keys.secretAccessKey)}`;

  test.each([
    named("in a simulation", 30_000, (size) =>
      signedForm(
        "iam",
        "SimulatePrincipalPolicy",
        `PolicySourceArn=arn:aws:iam::000000000000:user/u&ActionNames.member.1=ecr:GetImage&ContextEntries.member.1.ContextKeyName=aws:UserAgent&ContextEntries.member.1.ContextKeyType=string&ContextEntries.member.1.ContextKeyValues.member.1=${fill(size, "a")}`,
      ),
    ),
  ])("%s", (_, dimension) => expectCheap(berth, dimension));

  test.each(["a", "a-", "0"])("of %s in the user agent", (piece) => {
    let asking = 0;
    return expectCheap(berth, {
      ...{ name: piece, limit: 30_000, isFresh: true },
      request: (size) =>
        requestText("GET", "/v2/app/manifests/v1", [
          authorization,
          fill(size, piece, `User-Agent: ${asking++} `, "b"),
        ]),
    });
  });

  test("of many names, one by one", async () => {
    for (let at = 0; at < 300; at++) await createRepository(berth, `many/r${at}`);
    let asking = 0;
    const asked = (target: string) => (size: number) =>
      requestText("GET", target, [authorization, fill(size, "a", `User-Agent: ${asking++} `)]);
    await expectTurns(berth, { name: "catalog", limit: 30_000, request: asked("/v2/_catalog") });
    const scopes = Array.from(
      { length: 32 },
      (_, at) => `scope=repository:many/r${at}:pull,push,delete`,
    ).join("&");
    await expectTurns(berth, { name: "token", limit: 30_000, request: asked(`/token?${scopes}`) });
  });

  test.each([
    named("in a simulation of many actions and resources", 100, (size) =>
      signedForm(
        "iam",
        "SimulatePrincipalPolicy",
        [
          "PolicySourceArn=arn:aws:iam::000000000000:user/u",
          ...times(size, (at) => `ActionNames.member.${at + 1}=ecr:GetImage${at}`),
          ...times(
            size / 2,
            (at) => `ResourceArns.member.${at + 1}=arn:aws:ecr:us-east-1:000000000000:repository/a${at}`,
          ),
        ].join("&"),
      ),
    ),
  ])("%s", (_, dimension) => expectTurns(berth, dimension));
});

describe("every policy of a user that may have 110 of them", async () => {
  const iam = (action: string, parameters: Readonly<Record<string, string>>) =>
    succeeded(callQuery(berth.url, "iam", action, parameters, ADMINISTRATOR));
  const values = times(700, (at) => `b${at}`);
  const documentOf = (sid: string): string =>
    textOf({
      Version: "2012-10-17",
      Statement: {
        ...{ Sid: sid, Effect: "Deny", Action: times(90, (at) => `ecr:*x${at}`), Resource: "*" },
        Condition: { "ForAnyValue:StringEquals": { "aws:TagKeys": values } },
      },
    });
  await iam("CreateUser", { UserName: "much" });
  const policies: string[] = [];
  for (const at of times(100, (each) => each)) {
    const group = `much${Math.floor(at / 10)}`;
    if (at % 10 === 0) {
      await iam("CreateGroup", { GroupName: group });
      await iam("AddUserToGroup", { GroupName: group, UserName: "much" });
    }
    const document = { PolicyName: `much${at}`, PolicyDocument: documentOf(`s${at}`) };
    const arn = /<Arn>([^<]*)<\/Arn>/.exec(await iam("CreatePolicy", document))?.[1] ?? "";
    await iam("AttachGroupPolicy", { GroupName: group, PolicyArn: arn });
    policies.push(arn);
  }
  const { accessKeyId, secretAccessKey } = keysIn(await iam("CreateAccessKey", { UserName: "much" }));
  const asking = requestText("GET", "/v2/app/manifests/v1", [
    `Authorization: ${basic(accessKeyId, secretAccessKey)}`,
  ]);

  test("is compiled in turns", async () => {
    let version = 0;
    await expectTurns(berth, {
      ...{ name: "new policies", limit: 1 },
      request: () => asking,
      before: async () => {
        version++;
        for (const [at, arn] of policies.entries()) {
          const document = { PolicyArn: arn, PolicyDocument: documentOf(`v${version}s${at}`) };
          const id = /<VersionId>([^<]*)</.exec(
            await iam("CreatePolicyVersion", { ...document, SetAsDefault: "true" }),
          )?.[1];
          if (version > 1 && id !== undefined)
            await iam("DeletePolicyVersion", { PolicyArn: arn, VersionId: `v${Number(id.slice(1)) - 1}` });
        }
      },
    });
  }, 600_000);

  test("is explained in turns", async () => {
    const query = new URLSearchParams({
      ...{ principal: "arn:aws:iam::000000000000:user/much", action: "ecr:BatchGetImage" },
      resource: "arn:aws:ecr:us-east-1:000000000000:repository/app",
    });
    const request = requestText("GET", `/v1/access/explain?${query}`, [
      `Authorization: ${basic(ADMINISTRATOR.accessKeyId, ADMINISTRATOR.secretAccessKey)}`,
    ]);
    await expectTurns(berth, { name: "explain", limit: 1, request: () => request });
  });
});

test("a simulation of many documents takes turns", async () => {
  const document = (at: number) =>
    encodeURIComponent(
      textOf(
        allow({
          Action: `ecr:G${at}`,
          Resource: times(100, (each) => `arn:aws:ecr:*:*:repository/a*${each}`),
        }),
      ),
    );
  await expectTurns(berth, {
    ...{ name: "documents", limit: 120 },
    request: (size) =>
      signedForm(
        "iam",
        "SimulateCustomPolicy",
        [
          "ActionNames.member.1=ecr:GetImage",
          ...times(size, (at) => `PolicyInputList.member.${at + 1}=${document(at)}`),
        ].join("&"),
      ),
  });
});
