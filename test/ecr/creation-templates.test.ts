import pg from "pg";
import { afterAll, describe, expect, test } from "vitest";
import type { EcrOperations } from "../../src/aws-models/ecr.types.ts";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { TEMPLATES_MAX } from "../../src/registry/templates/templates.ts";
import { callEcrApi, succeeded } from "../access/aws-client.ts";
import { ACCOUNT, allow, openScene } from "../access/scene.ts";
import { lockWaits } from "../support/barrier.ts";
import { ADMINISTRATOR, basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { pushImage } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";

const home = await makeTestHome({ BERTH_AUTO_CREATE: "off" });
const berth = await startTestBerth({ home });
const scene = openScene(berth, home, { now: () => new Date() });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

type Output<Operation extends keyof EcrOperations> = EcrOperations[Operation]["output"];

async function call<Operation extends keyof EcrOperations>(
  operation: Operation,
  input: object,
  keys: Credentials = ADMINISTRATOR,
): Promise<Output<Operation>> {
  return JSON.parse(await succeeded(callEcrApi(berth.url, operation, input, keys)));
}

async function refused(operation: string, input: object, keys: Credentials = ADMINISTRATOR): Promise<string> {
  const { status, text } = await callEcrApi(berth.url, operation, input, keys);
  expect(status, text).toBe(400);
  const { __type, message } = JSON.parse(text);
  return `${__type}: ${message}`;
}

const create = (prefix: string, more: object = {}) =>
  call("CreateRepositoryCreationTemplate", { prefix, appliedFor: ["CREATE_ON_PUSH"], ...more });
const update = (prefix: string, more: object) =>
  call("UpdateRepositoryCreationTemplate", { prefix, ...more });
const remove = (prefix: string) => call("DeleteRepositoryCreationTemplate", { prefix });
const describeAll = (input: object = {}) => call("DescribeRepositoryCreationTemplates", input);

function push(name: string, { accessKeyId, secretAccessKey }: Credentials = ADMINISTRATOR): Promise<Answer> {
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  return exchange(berth, { method: "POST", path: `/v2/${name}/blobs/uploads/`, headers });
}

const REPOSITORY_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "ecr:ListImages" }],
});

const LIFECYCLE_POLICY = JSON.stringify({
  rules: [
    {
      rulePriority: 1,
      selection: { tagStatus: "untagged", countType: "imageCountMoreThan", countNumber: 5 },
      action: { type: "expire" },
    },
  ],
});

describe("a template", () => {
  test("is shown as it was given, with the defaults of what was not said", async () => {
    const { registryId, repositoryCreationTemplate: made } = await create("plain/");
    expect(registryId).toBe(ACCOUNT);
    expect(made).toEqual({
      prefix: "plain/",
      appliedFor: ["CREATE_ON_PUSH"],
      encryptionConfiguration: { encryptionType: "AES256" },
      imageTagMutability: "MUTABLE",
      resourceTags: [],
      createdAt: expect.any(Number),
      updatedAt: made?.createdAt,
    });
    const { repositoryCreationTemplates } = await describeAll({ prefixes: ["plain", "none"] });
    expect(repositoryCreationTemplates).toEqual([made]);
    expect((await remove("plain")).repositoryCreationTemplate).toEqual(made);
    expect((await describeAll()).repositoryCreationTemplates).toEqual([]);
  });

  test("keeps what a change does not name; an empty text takes away what there was", async () => {
    await create("kept", {
      description: "what for",
      appliedFor: ["REPLICATION", "PULL_THROUGH_CACHE", "REPLICATION"],
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [
        { filterType: "WILDCARD", filter: "z*" },
        { filterType: "WILDCARD", filter: "a*" },
      ],
      encryptionConfiguration: {
        encryptionType: "KMS",
        kmsKey: "arn:aws:kms:us-east-1:000000000000:key/mine",
      },
      resourceTags: [{ Key: "team", Value: "" }],
      repositoryPolicy: REPOSITORY_POLICY,
      customRoleArn: `arn:aws:iam::${ACCOUNT}:role/maker`,
    });
    const { repositoryCreationTemplate: described } = await update("kept", { description: "" });
    expect(described).toMatchObject({
      appliedFor: ["REPLICATION", "PULL_THROUGH_CACHE"],
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filter: "z*" }, { filter: "a*" }],
      encryptionConfiguration: {
        encryptionType: "KMS",
        kmsKey: "arn:aws:kms:us-east-1:000000000000:key/mine",
      },
      resourceTags: [{ Key: "team", Value: "" }],
      repositoryPolicy: REPOSITORY_POLICY,
      customRoleArn: `arn:aws:iam::${ACCOUNT}:role/maker`,
    });
    expect(described).not.toHaveProperty("description");
    const { repositoryCreationTemplate: changed } = await update("kept", {
      imageTagMutability: "MUTABLE",
      repositoryPolicy: "",
      customRoleArn: "",
      resourceTags: [],
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: "" },
    });
    expect(changed).toMatchObject({ imageTagMutability: "MUTABLE", resourceTags: [] });
    for (const member of ["imageTagMutabilityExclusionFilters", "repositoryPolicy", "customRoleArn"])
      expect(changed).not.toHaveProperty(member);
    expect(changed?.encryptionConfiguration).toEqual({ encryptionType: "KMS" });
    await remove("kept");
  });

  test.each([
    ["a prefix that is no name", { prefix: "Team" }, "InvalidParameterException"],
    ["no purpose", { appliedFor: [] }, "InvalidParameterException: Invalid parameter at 'appliedFor'"],
    [
      "filters without need",
      { imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "a" }] },
      "null",
    ],
    [
      "tags that AWS reserves",
      { resourceTags: [{ Key: "aws:x", Value: "" }] },
      "InvalidTagParameterException",
    ],
    ["a policy that is none", { repositoryPolicy: "{}" }, "Invalid repository policy provided"],
    ["a lifecycle policy that is none", { lifecyclePolicy: "{}" }, "Lifecycle policy validation failure"],
  ])("with %s is refused", async (_, wrong, expected) => {
    const input = { prefix: "wrong", appliedFor: ["CREATE_ON_PUSH"], ...wrong };
    expect(await refused("CreateRepositoryCreationTemplate", input)).toContain(expected);
    await create("right");
    expect(
      await refused("UpdateRepositoryCreationTemplate", { ...wrong, prefix: "right", ...wrong }),
    ).toContain(expected);
    await remove("right");
  });

  test("is there once, whatever its prefix ends with, and known or not by name", async () => {
    const input = { prefix: "one", appliedFor: ["CREATE_ON_PUSH"] };
    await create("one/");
    expect(await refused("CreateRepositoryCreationTemplate", input)).toMatch(
      "TemplateAlreadyExistsException: The repository creation template with prefix 'one' already exists",
    );
    await remove("one");
    for (const operation of ["UpdateRepositoryCreationTemplate", "DeleteRepositoryCreationTemplate"])
      expect(await refused(operation, { prefix: "one" })).toMatch(
        "TemplateNotFoundException: The repository creation",
      );
  });

  // Who may meet: two creations in one registry. The second waits for the first before it counts, and finds no room.
  test("is counted with those that are being made", async () => {
    await create("seed");
    const other = new pg.Client(berth.connection.main);
    await other.connect();
    try {
      await other.query("BEGIN");
      await other.query("SELECT FROM registries FOR NO KEY UPDATE");
      const input = { prefix: "late", appliedFor: ["CREATE_ON_PUSH"] };
      const refusal = refused("CreateRepositoryCreationTemplate", input);
      await lockWaits(berth);
      await other.query(
        `INSERT INTO creation_templates SELECT (jsonb_populate_record(t,
            jsonb_build_object('prefix', 'fill/' || n, 'path', 'fill/' || n || '/'))).*
          FROM creation_templates t, generate_series(1, $1) AS n WHERE t.prefix = 'seed'`,
        [TEMPLATES_MAX],
      );
      await other.query("COMMIT");
      expect(await refusal).toMatch("LimitExceededException");
    } finally {
      await other.query("DELETE FROM creation_templates");
      await other.end();
    }
  });

  test("is one of a hundred at most; pages show each once, the root first", async () => {
    const prefixes = Array.from(
      { length: TEMPLATES_MAX - 1 },
      (_, index) => `many/${String(index).padStart(2, "0")}`,
    );
    await Promise.all(["ROOT", ...prefixes].map((prefix) => create(prefix)));
    const input = { prefix: "many/more", appliedFor: ["CREATE_ON_PUSH"] };
    expect(await refused("CreateRepositoryCreationTemplate", input)).toMatch("LimitExceededException");
    const taken = { ...input, prefix: "ROOT" };
    expect(await refused("CreateRepositoryCreationTemplate", taken)).toMatch(
      "TemplateAlreadyExistsException",
    );
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page: Output<"DescribeRepositoryCreationTemplates"> = await describeAll({
        maxResults: 33,
        ...(nextToken && { nextToken }),
      });
      seen.push(...(page.repositoryCreationTemplates ?? []).map(({ prefix = "" }) => prefix));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toEqual(["ROOT", ...prefixes]);
    expect(
      await refused("DescribeRepositoryCreationTemplates", { prefixes: ["a"], maxResults: 5 }),
    ).toContain("null");
    await Promise.all(["ROOT", ...prefixes].map(remove));
  });

  test("takes a permission of its own", async () => {
    const keys = await scene.makeUser("nobody-special", [allow(["ecr:CreateRepository"])]);
    for (const operation of ["Create", "Update", "Delete"].map(
      (verb) => `${verb}RepositoryCreationTemplate`,
    )) {
      const input = {
        prefix: "denied",
        ...(operation.startsWith("Create") && { appliedFor: ["CREATE_ON_PUSH"] }),
      };
      expect(await refused(operation, input, keys)).toContain(`ecr:${operation} on resource: *`);
    }
    const described = await refused("DescribeRepositoryCreationTemplates", {}, keys);
    expect(described).toContain("ecr:DescribeRepositoryCreationTemplates on resource: *");
  });

  test("is in the audit log and among the events when it changes, once", async () => {
    await create("audited");
    await update("audited", { description: "new" });
    await remove("audited");
    const rows = await rowsOf<{ action: string }>(
      berth,
      "SELECT action FROM audit_log WHERE detail -> 'template' ->> 'prefix' = 'audited' ORDER BY at, id",
    );
    expect(rows.map(({ action }) => action)).toEqual(
      ["Create", "Update", "Delete"].map((verb) => `ecr:${verb}RepositoryCreationTemplate`),
    );
    const events = await rowsOf<{ kind: string }>(
      berth,
      "SELECT kind FROM outbox WHERE detail -> 'template' ->> 'prefix' = 'audited'",
    );
    expect(events.map(({ kind }) => kind)).toEqual(Array(3).fill("registry.change"));
  });
});

describe("a push to a repository that is not there", () => {
  test("creates none without a template, where pushes do not", async () => {
    expectAnswer(await push("bare/app"), {
      status: 404,
      code: "NAME_UNKNOWN",
      says: "and a push creates none here",
    });
  });

  test("creates it as the longest template says", async () => {
    await create("apps");
    await create("apps/web", {
      imageTagMutability: "IMMUTABLE",
      encryptionConfiguration: {
        encryptionType: "KMS",
        kmsKey: "arn:aws:kms:us-east-1:000000000000:key/web",
      },
      resourceTags: [{ Key: "team", Value: "web" }],
      repositoryPolicy: REPOSITORY_POLICY,
      lifecyclePolicy: LIFECYCLE_POLICY,
    });
    await pushImage(berth, "apps/web/shop", "v1", "templates");
    const names = { repositoryNames: ["apps/web/shop"] };
    const { repositories } = await call("DescribeRepositories", names);
    expect(repositories).toMatchObject([
      {
        imageTagMutability: "IMMUTABLE",
        encryptionConfiguration: {
          encryptionType: "KMS",
          kmsKey: "arn:aws:kms:us-east-1:000000000000:key/web",
        },
        imageScanningConfiguration: { scanOnPush: false },
      },
    ]);
    const resourceArn = repositories?.[0]?.repositoryArn;
    expect((await call("ListTagsForResource", { resourceArn })).tags).toEqual([
      { Key: "team", Value: "web" },
    ]);
    const { policyText } = await call("GetRepositoryPolicy", { repositoryName: "apps/web/shop" });
    expect(JSON.parse(policyText ?? "")).toEqual(JSON.parse(REPOSITORY_POLICY));
    const { lifecyclePolicyText } = await call("GetLifecyclePolicy", { repositoryName: "apps/web/shop" });
    expect(lifecyclePolicyText).toBe(LIFECYCLE_POLICY);
    expectAnswer(await push("apps/plain"), { status: 202 });
    const plain = await call("DescribeRepositories", { repositoryNames: ["apps/plain"] });
    expect(plain.repositories).toMatchObject([{ imageTagMutability: "MUTABLE" }]);
  });

  test("creates none by a template for something else, and none for whoever may not", async () => {
    await create("other", { appliedFor: ["REPLICATION"] });
    expectAnswer(await push("other/app"), { status: 404, says: "a push creates none here" });
    const keys = await scene.makeUser("pusher", [allow(["ecr:InitiateLayerUpload"])]);
    expectAnswer(await push("apps/web/other", keys), { status: 404, code: "NAME_UNKNOWN" });
    await call("CreateRepository", { repositoryName: "apps/web/named" });
    const named = await call("DescribeRepositories", { repositoryNames: ["apps/web/named"] });
    expect(named.repositories).toMatchObject([{ imageTagMutability: "MUTABLE" }]);
  });

  test("creates nothing where the template's policy names somebody who is gone", async () => {
    const gone = `arn:aws:iam::${ACCOUNT}:user/gone`;
    const statement = { Effect: "Allow", Principal: { AWS: gone }, Action: "ecr:ListImages" };
    await create("gone", {
      repositoryPolicy: JSON.stringify({ Version: "2012-10-17", Statement: statement }),
    });
    const answer = await push("gone/app");
    expectAnswer(answer, { status: 400, says: `template 'gone' names the principal ${gone}` });
    expect(await refused("DescribeRepositories", { repositoryNames: ["gone/app"] })).toContain("NotFound");
  });

  describe("that comes to nothing", () => {
    const policies = { repositoryPolicy: REPOSITORY_POLICY, lifecyclePolicy: LIFECYCLE_POLICY };
    const repositories = (name: string) =>
      rowsOf(berth, `SELECT FROM repositories WHERE name = '${name}' AND deleted_at IS NULL`);
    const cancel = async ({ headers: { location = "" } }: Answer) =>
      expectAnswer(await exchange(berth, { method: "DELETE", path: location }), { status: 204 });

    test("leaves nothing, though the template gave it policies", async () => {
      await create("nothing", policies);
      await cancel(await push("nothing/app"));
      expect(await repositories("nothing/app")).toEqual([]);
    });

    test.each([
      ["SetRepositoryPolicy", { policyText: REPOSITORY_POLICY }],
      ["PutLifecyclePolicy", { lifecyclePolicyText: LIFECYCLE_POLICY }],
      ["PutImageTagMutability", { imageTagMutability: "MUTABLE" }],
    ] as const)("leaves what somebody has a use for meanwhile: %s", async (operation, input) => {
      const repositoryName = `nothing/${operation.toLowerCase()}`;
      const upload = await push(repositoryName);
      await call(operation, { ...input, repositoryName });
      await cancel(upload);
      expect(await repositories(repositoryName)).toHaveLength(1);
    });
  });

  // Who may meet: a creation by a template, and whoever has the registry and goes on to the account, as deletions do. The
  // creation waits for the registry before it takes the account, so both get through.
  test("waits for the registry before it takes the account", async () => {
    await create("order", { repositoryPolicy: REPOSITORY_POLICY });
    const other = new pg.Client(berth.connection.main);
    await other.connect();
    try {
      await other.query("BEGIN");
      await other.query("SELECT FROM registries FOR NO KEY UPDATE");
      const pushed = push("order/app");
      await lockWaits(berth);
      await other.query("SELECT FROM accounts FOR NO KEY UPDATE NOWAIT");
      await other.query("COMMIT");
      expectAnswer(await pushed, { status: 202 });
    } finally {
      await other.end();
    }
  });

  test("creates one when many come at once", async () => {
    await create("rush", { repositoryPolicy: REPOSITORY_POLICY });
    const answers = await Promise.all(Array.from({ length: 8 }, () => push("rush/app")));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
    const made = await rowsOf(berth, "SELECT FROM repositories WHERE name = 'rush/app'");
    expect(made).toHaveLength(1);
  });
});
