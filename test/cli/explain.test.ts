import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresAuditLog } from "../../src/adapters/postgres/audit/log.ts";
import { postgresSessions } from "../../src/adapters/postgres/iam/index.ts";
import { postgresPolicies } from "../../src/adapters/postgres/policies.ts";
import { addExplain } from "../../src/cli/explain/index.ts";
import { composeRegistryAccess } from "../../src/composition/command.ts";
import { createAccessKey } from "../../src/iam/principals/access-keys.ts";
import type { EntityId } from "../../src/iam/principals/entity.ts";
import { newUniqueId } from "../../src/iam/principals/unique-ids.ts";
import { issueSession } from "../../src/iam/sessions/issue.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import { draftRepository } from "../../src/registry/repositories/create.ts";
import { Scopes } from "../../src/registry/scopes.ts";
import { basic, makeTestHome, openTestState, startTestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const home = await makeTestHome();
const state = await openTestState(home);
const access = composeRegistryAccess(home.config, state);
const node = await startTestBerth({ home });
afterAll(async () => {
  await node.stop();
  await state.close();
  await home.remove();
});

const { account, region } = home.config;
const OTHER = "111122223333";
const APP = `arn:aws:ecr:${region}:${account}:repository/team/app`;
const CI = `arn:aws:iam::${account}:user/ci`;
const BUILDER = `arn:aws:iam::${account}:role/jobs/builder`;
const OUTSIDER = `arn:aws:iam::${OTHER}:user/outsider`;

let io = new CapturedIo();
let ciKey = { accessKeyId: "", secretAccessKey: "" };
let builder = 0 as EntityId;

const berth = (...argv: string[]): Promise<number> =>
  runBerth(io, ["explain", ...argv], (parent) => addExplain(parent, io, (work) => work(access)));
const ask = (principal: string, action: string, resource: string, ...more: string[]): Promise<number> =>
  berth("--principal", principal, "--action", action, "--resource", resource, ...more);

async function askJson(principal: string, action: string, resource: string, ...more: string[]) {
  expect(await ask(principal, action, resource, ...more, "--json")).toBe(0);
  return JSON.parse(io.out);
}

beforeAll(async () => {
  const at = state.clock.now();
  await access.accounts.create({ id: OTHER, name: undefined }, region, CAUSE, at);
  await access.identity.change(account, CAUSE, state.clock.now(), async (change) => {
    const ci = await change.insertEntity({
      ...{ kind: "user", uniqueId: newUniqueId("user"), path: "/", name: "ci", createdAt: at },
    });
    await change.putInlinePolicy(ci, {
      name: "push",
      document: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Sid: "Read", Effect: "Allow", Action: "ecr:BatchGetImage", Resource: "*" },
          {
            Sid: "Inside",
            Effect: "Allow",
            Action: "ecr:PutImage",
            Resource: "*",
            Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
          },
          { Sid: "Never", Effect: "Deny", Action: "ecr:DeleteRepository", Resource: "*" },
        ],
      }),
    });
    ciKey = await createAccessKey(change, state.masterKey, "ci", at);
    builder = await change.insertEntity({
      ...{ kind: "role", uniqueId: newUniqueId("role"), path: "/jobs/", name: "builder", createdAt: at },
      ...{
        maxSessionDuration: 3600,
        trustPolicy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Sid: "CiMay", Effect: "Allow", Principal: { AWS: CI }, Action: "sts:AssumeRole" }],
        }),
      },
    });
    await change.putInlinePolicy(builder, {
      name: "build",
      document: JSON.stringify({
        Version: "2012-10-17",
        Statement: { Effect: "Allow", Action: "ecr:*", Resource: "*" },
      }),
    });
  });
  await access.identity.change(OTHER, CAUSE, state.clock.now(), async (change) => {
    await change.insertEntity({
      ...{ kind: "user", uniqueId: newUniqueId("user"), path: "/", name: "outsider", createdAt: at },
    });
  });
  const scope = await new Scopes(access.registries, ["*"]).open({ account, region });
  const name = parseRepositoryName("team/app");
  await access.repositories.create(scope, draftRepository({ name }), CAUSE, at);
  const policy = {
    Version: "2008-10-17",
    Statement: [{ Sid: "Share", Effect: "Allow", Principal: { AWS: OUTSIDER }, Action: "ecr:BatchGetImage" }],
  };
  await postgresPolicies(state.database).setOfRepository(scope, name, JSON.stringify(policy), CAUSE, at);
});

beforeEach(() => {
  io = new CapturedIo();
});

describe("an allowed request", () => {
  test("names the statement that decides, and why the others do not match", async () => {
    expect(await ask(CI, "ecr:BatchGetImage", APP)).toBe(0);
    expect(io.out).toBe(`principal  ${CI}
action     ecr:BatchGetImage
resource   ${APP}

ALLOWED
decided by statement 0 "Read" of inline policy push of user ci

inline policy push of user ci (identity policy)
  statement 0 "Read" Allow: matches, it decides
  statement 1 "Inside" Allow: does not match
    Action: wanted ecr:PutImage; found ecr:BatchGetImage
    Condition IpAddress aws:SourceIp: wanted 10.0.0.0/8; found nothing
  statement 2 "Never" Deny: does not match
    Action: wanted ecr:DeleteRepository; found ecr:BatchGetImage

policy of repository team/app (resource policy)
  statement 0 "Share" Allow: does not match
    Principal: wanted ${OUTSIDER}; found ${CI}
`);
  });

  test("by a condition that --context fulfils, whatever the letter case of its key", async () => {
    const allowed = await askJson(CI, "ecr:PutImage", APP, "--context", "AWS:sourceip=10.1.2.3");
    expect(allowed).toMatchObject({
      allowed: true,
      decidedBy: { statement: 1, sid: "Inside" },
      remedies: [],
    });
  });

  test("of the root needs no policy", async () => {
    expect(await ask(`arn:aws:iam::${account}:root`, "ecr:DeleteRepository", APP)).toBe(0);
    expect(io.out).toContain("ALLOWED\nthe root of the owning account needs no policy");
  });
});

describe("a denied request", () => {
  test("shows key, operator, wanted and found of a condition, and the smallest statement that would do", async () => {
    expect(await ask(CI, "ecr:PutImage", APP, "--context", "aws:SourceIp=192.0.2.1")).toBe(0);
    expect(io.out).toContain(
      `DENIED     User: ${CI} is not authorized to perform: ecr:PutImage on resource: ${APP} because`,
    );
    expect(io.out).toContain("Condition IpAddress aws:SourceIp: wanted 10.0.0.0/8; found 192.0.2.1");
    expect(io.out).toContain(`To allow it, add to a policy of ${CI}:\n  {\n    "Effect": "Allow",\n`);
    expect(io.out).toContain(`"Action": "ecr:PutImage",\n    "Resource": "${APP}"\n  }\n`);
  });

  test("by a Deny names the statement to change", async () => {
    expect(await ask(CI, "ecr:DeleteRepository", APP)).toBe(0);
    expect(io.out).toContain('statement 2 "Never" Deny: matches, it decides');
    expect(io.out).toContain(
      'No Allow helps against a Deny: change statement 2 "Never" of inline policy push of user ci',
    );
  });

  test("of another account needs both sides", async () => {
    const denied = await askJson(OUTSIDER, "ecr:PutImage", APP);
    expect(denied).toMatchObject({ allowed: false });
    expect(denied.remedies.map((remedy: { to: string }) => remedy.to).sort()).toEqual([
      `a policy of ${OUTSIDER}`,
      `the policy of ${APP}`,
    ]);
  });

  test("considers the policy of the repository for another account", async () => {
    const denied = await askJson(OUTSIDER, "ecr:BatchGetImage", APP);
    expect(denied.policies).toEqual([
      {
        ...{ role: "resource", policy: "policy of repository team/app" },
        statements: [
          { index: 0, sid: "Share", effect: "Allow", mismatches: [], delegates: false, matches: true },
        ],
      },
    ]);
    expect(denied.remedies).toHaveLength(1);
  });
});

describe("a role", () => {
  test("is judged as any session of it", async () => {
    expect(await askJson(BUILDER, "ecr:PutImage", APP)).toMatchObject({
      ...{ allowed: true, principal: `arn:aws:sts::${account}:assumed-role/builder/any` },
      notes: ["policies of a session are not considered: the ARN does not say which session it is"],
    });
  });

  test("is found by the ARN of a session", async () => {
    const session = `arn:aws:sts::${account}:assumed-role/builder/nightly`;
    expect(await askJson(session, "ecr:PutImage", APP)).toMatchObject({ allowed: true, principal: session });
  });

  test("as a resource brings its trust policy", async () => {
    const found = await askJson(CI, "sts:AssumeRole", BUILDER);
    expect(found).toMatchObject({ allowed: true, decidedBy: { role: "trust", sid: "CiMay" } });
  });
});

describe("the decision of a request", () => {
  async function refusal(authorization: string): Promise<string> {
    const response = await node.fetch("/v2/team/app/tags/list", {
      headers: { authorization, "user-agent": "docker/28 \u009b31m" },
    });
    expect(response.status).toBe(403);
    const { errors } = (await response.json()) as { errors: { detail: { decisionId: string } }[] };
    const id = errors[0]?.detail.decisionId ?? "";
    expect(id).toBe(response.headers.get("x-request-id"));
    await vi.waitFor(async () => expect(await access.explainer.explainDenial(id)).toBeDefined(), 5_000);
    return id;
  }

  test("is explained by the id in the 403", async () => {
    const id = await refusal(basic(ciKey.accessKeyId, ciKey.secretAccessKey));
    expect(await berth("--id", id)).toBe(0);
    expect(io.out).toContain(`decision   ${id}\n`);
    expect(io.out).toContain(`principal  ${CI} (access key ${ciKey.accessKeyId})\n`);
    expect(io.out).toContain("action     ecr:ListImages\n");
    expect(io.out).toContain(`resource   ${APP}\n`);
    expect(io.out).toContain("from       127.0.0.1, docker/28 ?31m\n");
    expect(io.out).toContain("By the policies of now:\n");
    expect(io.out).toContain(`To allow it, add to a policy of ${CI}:`);
    expect(io.out).not.toContain(ciKey.secretAccessKey);
  });

  test("in JSON, with what the principal was told", async () => {
    const id = await refusal(basic(ciKey.accessKeyId, ciKey.secretAccessKey));
    expect(await berth("--id", id, "--json")).toBe(0);
    expect(JSON.parse(io.out)).toMatchObject({
      denial: { id, account, action: "ecr:ListImages", reason: expect.stringContaining("not authorized") },
      now: { allowed: false, remedies: [{ change: "add", role: "identity" }] },
    });
  });

  test("of a session considers the policies of that session, until it has ended", async () => {
    const issuedAt = state.clock.now();
    const { accessKeyId, secretAccessKey, sessionToken } = await issueSession(
      postgresSessions(state.database),
      state.masterKey,
      {
        ...{
          account,
          policyArns: [],
          tags: {},
          transitiveTagKeys: [],
          sourceIdentity: undefined,
          mfaAt: undefined,
          issuedAt,
        },
        origin: { kind: "assumed-role", role: builder, sessionName: "narrow" },
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: { Sid: "Narrow", Effect: "Allow", Action: "ecr:PutImage", Resource: "*" },
        }),
        expiresAt: new Date(issuedAt.getTime() + 3_600_000),
      },
      CAUSE,
    );
    const id = await refusal(basic(accessKeyId, `${secretAccessKey}.${sessionToken}`));
    expect(await berth("--id", id)).toBe(0);
    expect(io.out).toContain(
      'policy of the session (session policy)\n  statement 0 "Narrow" Allow: does not match',
    );
    await postgresSessions(state.database).revoke(account, accessKeyId, state.clock.now());
    io = new CapturedIo();
    expect(await berth("--id", id)).toBe(0);
    expect(io.out).toContain("note: the session has ended; its policies are not considered");
  });

  test("says when the principal is gone", async () => {
    const at = state.clock.now();
    const key = await access.identity.change(account, CAUSE, state.clock.now(), async (change) => {
      await change.insertEntity({
        ...{ kind: "user", uniqueId: newUniqueId("user"), path: "/", name: "leaver", createdAt: at },
      });
      return createAccessKey(change, state.masterKey, "leaver", at);
    });
    const id = await refusal(basic(key.accessKeyId, key.secretAccessKey));
    await access.identity.change(account, CAUSE, state.clock.now(), async (change) => {
      const leaver = await change.findEntity("user", "leaver");
      if (leaver === undefined) throw new Error("no leaver");
      await change.deleteAccessKey(leaver.id, key.accessKeyId);
      await change.deleteEntity(leaver.id);
    });
    expect(await berth("--id", id)).toBe(0);
    expect(io.out).toContain(`there is no user arn:aws:iam::${account}:user/leaver\n`);
  });

  test("carries no id when there were too many in a minute, which is counted", async () => {
    const at = state.clock.now();
    const key = await access.identity.change(account, CAUSE, state.clock.now(), async (change) => {
      await change.insertEntity({
        ...{ kind: "user", uniqueId: newUniqueId("user"), path: "/", name: "scanner", createdAt: at },
      });
      return createAccessKey(change, state.masterKey, "scanner", at);
    });
    const headers = { authorization: basic(key.accessKeyId, key.secretAccessKey) };
    const scan = async (): Promise<boolean> => {
      const response = await node.fetch("/v2/team/app/tags/list", { headers });
      const { errors } = (await response.json()) as { errors: { detail?: unknown }[] };
      return errors[0]?.detail === undefined;
    };
    // The minute may end once meanwhile.
    const without: boolean[] = [];
    for (let at = 0; at < 210; at++) without.push(await scan());
    const dropped = without.filter(Boolean).length;
    expect(dropped).toBeGreaterThanOrEqual(10);
    expect(await (await node.fetch("/metrics")).text()).toContain(`berth_audit_dropped_total ${dropped}\n`);
  });

  test("that is not kept fails", async () => {
    await expectFailure(
      io,
      berth("--id", "0123456789abcdef"),
      "there is no decision 0123456789abcdef: a denial is written a moment after its answer",
    );
  });
});

describe("GET /v1/access/explain", () => {
  const question = (principal: string, action: string, resource: string, ...context: string[]): string => {
    const query = new URLSearchParams({ principal, action, resource });
    for (const entry of context) query.append("context", entry);
    return `/v1/access/explain?${query}`;
  };
  const asCi = () => ({ headers: { authorization: basic(ciKey.accessKeyId, ciKey.secretAccessKey) } });
  const saidBy = async (response: Response): Promise<string> =>
    ((await response.json()) as { errors: { message: string }[] }).errors[0]?.message ?? "";

  test("answers an administrator as the command does", async () => {
    const response = await node.fetch(question(CI, "ecr:PutImage", APP, "aws:SourceIp=192.0.2.1"));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(
      await askJson(CI, "ecr:PutImage", APP, "--context", "aws:SourceIp=192.0.2.1"),
    );
  });

  test("explains the decision of a request", async () => {
    const refused = await node.fetch("/v2/team/app/tags/list", asCi());
    const { errors } = (await refused.json()) as { errors: { detail: { decisionId: string } }[] };
    const path = `/v1/access/explain?id=${errors[0]?.detail.decisionId}`;
    await expect.poll(async () => (await node.fetch(path)).status, { timeout: 5_000 }).toBe(200);
    expect(await (await node.fetch(path)).json()).toMatchObject({
      ...{ denial: { principal: CI, action: "ecr:ListImages" }, now: { allowed: false } },
    });
  });

  test("is for those who may berth:ExplainAccess", async () => {
    const path = question(CI, "ecr:PutImage", APP);
    const denied = await node.fetch(path, asCi());
    expect(denied.status).toBe(403);
    expect(await saidBy(denied)).toContain("is not authorized to perform: berth:ExplainAccess");
    await access.identity.change(account, CAUSE, state.clock.now(), async (change) => {
      const ci = await change.findEntity("user", "ci");
      if (ci === undefined) throw new Error("no ci");
      const Statement = { Effect: "Allow", Action: "berth:ExplainAccess", Resource: "*" };
      const document = JSON.stringify({ Version: "2012-10-17", Statement });
      await change.putInlinePolicy(ci.id, { name: "explain", document });
    });
    await expect.poll(async () => (await node.fetch(path, asCi())).status, { timeout: 5_000 }).toBe(200);
  });

  test("shows no policies of another account", async () => {
    const theirs = `arn:aws:ecr:${region}:${OTHER}:repository/secret`;
    for (const path of [question(CI, "ecr:PutImage", theirs), question(OUTSIDER, "ecr:PutImage", APP)]) {
      const response = await node.fetch(path);
      expect(response.status).toBe(403);
      expect(await saidBy(response)).toBe("principal and resource must be of your own account");
    }
  });

  test("knows no decisions of another account, and nothing about resources of one", async () => {
    const facts = {
      ...{ at: state.clock.now(), accessKeyId: "AKIAEXAMPLE", action: "ecr:PutImage", sourceIp: "192.0.2.1" },
      ...{ userAgent: "", decision: "denied" as const, reason: "no" },
      detail: { context: { secureTransport: true, conditions: {} } },
    };
    const theirs = `arn:aws:ecr:${region}:${OTHER}:repository/secret`;
    await postgresAuditLog(state.database).append([
      { ...facts, requestId: "00000000000000a1", account: OTHER, principal: OUTSIDER, resource: APP },
      { ...facts, requestId: "00000000000000a2", account, principal: CI, resource: theirs },
    ]);
    expect((await node.fetch("/v1/access/explain?id=00000000000000a1")).status).toBe(404);
    const mine = (await (await node.fetch("/v1/access/explain?id=00000000000000a2")).json()) as object;
    expect(mine).toMatchObject({ gone: "the resource is another account's, and so are its policies" });
    expect(mine).not.toHaveProperty("now");
  });

  test.each([
    ["nothing asked", "/v1/access/explain", 400, "principal, action and resource are needed, or id"],
    ["half a question", `/v1/access/explain?principal=${CI}`, 400, "are needed"],
    ["an action that is none", question(CI, "PutImage", APP), 400, "action must be like ecr:PutImage"],
    ["a context that is none", question(CI, "ecr:PutImage", APP, "x"), 400, "context must be KEY=VALUE"],
    [
      ...(["a principal that is none", question(CI.replace("ci", "x"), "ecr:PutImage", APP), 400] as const),
      "there is no user",
    ],
    ["an id that is none", "/v1/access/explain?id=X", 400, "id must be the id of a request, not X"],
    ["an unknown id", "/v1/access/explain?id=0123456789abcdef", 404, "there is no decision"],
  ] as const)("%s is refused", async (_, path, status, says) => {
    const response = await node.fetch(path);
    expect(response.status).toBe(status);
    expect(await saidBy(response)).toContain(says);
  });

  test("takes no other method", async () => {
    const response = await node.fetch(question(CI, "ecr:PutImage", APP), { method: "POST" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, OPTIONS");
  });

  test.each([
    ["without credentials", "", "authentication required"],
    ["with wrong ones", basic("AKIANOBODYKNOWSTHIS0", "x".repeat(40)), "the credentials are not valid"],
  ])("%s answers 401 with the challenge", async (_, authorization, says) => {
    const response = await fetch(new URL(question(CI, "ecr:PutImage", APP), node.url), {
      ...(authorization === "" ? {} : { headers: { authorization } }),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    expect(await saidBy(response)).toBe(says);
  });
});

describe("a principal that is none fails", () => {
  test.each([
    ["no ARN", "ci", "ci is not the ARN of a root, user, role or session"],
    ["a group", `arn:aws:iam::${account}:group/devs`, "is not the ARN of a root, user, role or session"],
    [
      "an unknown user",
      `arn:aws:iam::${account}:user/nobody`,
      `there is no user arn:aws:iam::${account}:user/nobody`,
    ],
    ["a user of another path", `arn:aws:iam::${account}:user/x/ci`, "there is no user"],
    ["an unknown role", `arn:aws:iam::${account}:role/builder`, "there is no role"],
    ["a session of an unknown role", `arn:aws:sts::${account}:assumed-role/no/s`, "there is no role"],
    ["an unknown account", "arn:aws:iam::999999999999:root", "there is no account 999999999999"],
  ])("%s", async (_, principal, says) => {
    await expectFailure(io, ask(principal, "ecr:PutImage", APP), says);
    expect(io.out).toBe("");
  });

  test("anybody of a disabled account", async () => {
    const id = "222233334444";
    await access.accounts.create({ id, name: undefined }, region, CAUSE, state.clock.now());
    await access.accounts.setDisabled(id, true, CAUSE, state.clock.now());
    await expectFailure(
      io,
      ask(`arn:aws:iam::${id}:root`, "ecr:PutImage", APP),
      `the account ${id} is disabled`,
    );
  });
});

describe("wrong usage ends with 2 and says how", () => {
  const whole = ["--principal", CI, "--action", "ecr:PutImage", "--resource", APP];
  test.each([
    ["half a question", ["--principal", CI], "needs --principal, --action and --resource, or --id"],
    ["an id beside a question", ["--id", "0123456789abcdef", "--action", "a:B"], "--id stands alone"],
    ["an id that is none", ["--id", "a b"], "--id must be the id of a request, not a b"],
    ["an action without a service", [...whole, "--action", "PutImage"], "--action must be like ecr:PutImage"],
    ["an action with a wildcard", [...whole, "--action", "ecr:*"], "--action must be like"],
    ["a resource that is no ARN", [...whole, "--resource", "team/app"], "--resource must be an ARN or *"],
    ["a context without a value", [...whole, "--context", "aws:SourceIp"], "--context must be KEY=VALUE"],
    ["a context without a key", [...whole, "--context", "=10.0.0.1"], "--context must be KEY=VALUE"],
    ["an unknown option", [...whole, "--shiny"], "--shiny"],
    ["an argument", [...whole, "more"], "more"],
  ])("%s", async (_, argv, says) => {
    expect(await berth(...argv)).toBe(2);
    expect(io.errors).toContain(says);
    expect(io.errors).toContain("See: berth explain --help");
    expect(io.out).toBe("");
  });

  test("nothing at all", async () => {
    expect(await berth()).toBe(2);
  });

  test("--help is no mistake", async () => {
    expect(await berth("--help")).toBe(0);
    expect(io.out).toContain("--id <decision>");
  });
});
