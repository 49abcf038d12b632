import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UndecidedError } from "../../../src/iam/access/undecided.ts";
import { PERMISSIONS, repositoryArn } from "../../../src/iam/actions.ts";
import type { Decision, RequestContext } from "../../../src/iam/authorizer.ts";
import { ANONYMOUS, type Principal } from "../../../src/iam/principal.ts";
import type { RootIdentity, UserIdentity } from "../../../src/iam/principals/identity.ts";
import { ACCOUNT, aDocument, aUser, OTHER_ACCOUNT, ROOT } from "../policy/builders.ts";
import { ALICE, CI_RUN } from "./identities.ts";
import { allow, grant, makeWorld, policy, REGION, type World } from "./world.ts";

const APP = repositoryArn(ACCOUNT, REGION, "team/app");
const PULL = "ecr:BatchGetImage";
const GONE = { allowed: false, reason: "The security token included in the request is invalid." };
const ALLOWED = { allowed: true };
const BOB: UserIdentity = {
  ...aUser("bob", OTHER_ACCOUNT),
  ...{ accessKeyId: "AKIABOBBOBBOBBOBBOB1", uniqueId: "AIDABOBBOBBOBBOBBOB1", name: "bob" },
};
const OWNER = { ...ROOT, accessKeyId: "AKIAROOTROOTROOTROO1" } as RootIdentity;

let world: World;
/** Milliseconds of the process; they pass when a test says so. */
let now: number;

beforeEach(() => {
  now = 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  world = makeWorld(() => (now += 500));
  world.principal(ALICE.uniqueId, {});
  world.principal(CI_RUN.uniqueId, {});
  world.principal(BOB.uniqueId, {}, OTHER_ACCOUNT);
});
afterEach(() => vi.restoreAllMocks());

interface Asking extends Partial<RequestContext> {
  readonly principal?: Principal;
  readonly action?: string;
  readonly resource?: string;
}

/** Alice pulls, unless told otherwise. */
function decide({ principal = ALICE, action = PULL, resource = APP, ...context }: Asking = {}) {
  return world.authorizer.decide(principal, action, resource, {
    ...{ sourceIp: "10.0.0.1", secureTransport: true, time: new Date("2030-01-01"), userAgent: "docker" },
    ...context,
  });
}

function denied(arn: string, why: string, action = PULL, resource = APP): Decision {
  const reason = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  return { allowed: false, reason, ...(/explicit deny/.test(why) ? { isExplicit: true } : {}) };
}

const NO_IDENTITY = `because no identity-based policy allows the ${PULL} action`;
const NO_RESOURCE = `because no resource-based policy allows the ${PULL} action`;

describe("in an account", () => {
  test("whoever has no policy is denied in AWS's words", async () => {
    expect(await decide()).toEqual(denied(ALICE.arn, NO_IDENTITY));
    expect(await decide({ principal: CI_RUN })).toEqual(denied(CI_RUN.arn, NO_IDENTITY));
  });

  test("an identity policy allows what it says, and an explicit Deny wins", async () => {
    world.principal(ALICE.uniqueId, {
      identity: policy(allow("ecr:*", { Resource: APP }), allow("ecr:PutImage", { Effect: "Deny" })),
    });
    expect(await decide()).toEqual(ALLOWED);
    expect(await decide({ resource: `${APP}2` })).toMatchObject({ allowed: false });
    expect(await decide({ action: "ecr:PutImage" })).toEqual(
      denied(ALICE.arn, "with an explicit deny in an identity-based policy", "ecr:PutImage"),
    );
  });

  test("boundary and session policies narrow", async () => {
    const pull = policy(allow("ecr:BatchGetImage"));
    const push = policy(allow("ecr:PutImage"));
    world.principal(ALICE.uniqueId, { identity: policy(allow("*")), boundary: push });
    expect(await decide()).toMatchObject({
      reason: expect.stringContaining("no permissions boundary allows"),
    });
    world.principal(CI_RUN.uniqueId, { identity: policy(allow("*")), session: pull });
    expect(await decide({ principal: CI_RUN })).toEqual(ALLOWED);
    expect(await decide({ principal: CI_RUN, action: "ecr:PutImage" })).toMatchObject({
      reason: expect.stringContaining("no session policy allows"),
    });
  });

  test("the repository's own policy is enough", async () => {
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {
      repositoryPolicy: policy(grant({ AWS: ALICE.arn }, PULL)),
    });
    expect(await decide()).toEqual(ALLOWED);
    expect(await decide({ principal: CI_RUN })).toMatchObject({ allowed: false });
    expect(await decide({ resource: repositoryArn(ACCOUNT, REGION, "team/other") })).toMatchObject({
      allowed: false,
    });
    expect(await decide({ resource: repositoryArn(ACCOUNT, "us-east-1", "team/app") })).toMatchObject({
      allowed: false,
    });
  });

  const actions = [...new Set(Object.values(PERMISSIONS).flatMap((permission) => permission.actions))];
  test.each(actions)("its root may %s in it, and not in another", async (action) => {
    expect(await decide({ principal: OWNER, action })).toEqual(ALLOWED);
    const resource = repositoryArn(OTHER_ACCOUNT, REGION, "x");
    expect(await decide({ principal: OWNER, action, resource })).toMatchObject({ allowed: false });
  });

  test("`*` is the caller's own account, and the region is that of the node", async () => {
    const here = { Condition: { StringEquals: { "aws:RequestedRegion": REGION } } };
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:GetAuthorizationToken", here)) });
    expect(await decide({ action: "ecr:GetAuthorizationToken", resource: "*" })).toEqual(ALLOWED);
  });

  test("the region that is asked for is that of the resource, or of the node where it has none", async () => {
    const inRegion = (region: string) =>
      allow("*", { Condition: { StringEquals: { "aws:RequestedRegion": region } } });
    const inOther = { resource: repositoryArn(ACCOUNT, "us-east-1", "team/app") };
    const user = { action: "iam:GetUser", resource: ALICE.arn };
    world.principal(ALICE.uniqueId, { identity: policy(inRegion("us-east-1")) });
    expect(await decide(inOther)).toEqual(ALLOWED);
    expect(await decide(user)).toMatchObject({ allowed: false });
    world.principal(ALICE.uniqueId, { identity: policy(inRegion(REGION)) });
    expect(await decide(inOther)).toMatchObject({ allowed: false });
    expect(await decide(user)).toEqual(ALLOWED);
  });

  test("the policy of the registry has a say in what is asked of the registry as a whole", async () => {
    const action = "ecr:GetAuthorizationToken";
    world.principal(ALICE.uniqueId, { identity: policy(allow(action)) });
    expect(await decide({ action, resource: "*" })).toEqual(ALLOWED);
    const registryPolicy = policy(grant("*", action, { Effect: "Deny", Resource: "*" }));
    world.resource(`${ACCOUNT}/${REGION}/`, { registryPolicy });
    expect(await decide({ action, resource: "*" })).toMatchObject({ allowed: false, isExplicit: true });
  });

  test.each(["", "arn:aws:ecr", "arn:aws:ecr:eu-north-1::repository/x"])(
    "the resource %j is of the caller's account as well, and no policy of another's is asked",
    async (resource) => {
      expect(await decide({ resource })).toMatchObject({ allowed: false });
      expect(await decide({ principal: ANONYMOUS, resource })).toMatchObject({ allowed: false });
    },
  );
});

describe("a decision is kept", () => {
  beforeEach(() => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*")) });
    world.principal(BOB.uniqueId, { identity: policy(allow("ecr:*")) }, OTHER_ACCOUNT);
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {
      repositoryPolicy: policy(grant({ AWS: OTHER_ACCOUNT }, "ecr:*")),
    });
  });

  /** Whether a question is decided anew. */
  async function isDecided(asking: Asking = {}): Promise<boolean> {
    const before = world.count.decisions;
    await decide(asking);
    return world.count.decisions > before;
  }

  test("while nothing changes, however long, and then nothing is read but versions", async () => {
    expect(await isDecided()).toBe(true);
    const { principals, resources } = world.count;
    for (let minute = 0; minute < 100; minute++) {
      now += 60_000;
      expect(await isDecided({ time: new Date(now) })).toBe(false);
    }
    expect(world.count).toMatchObject({ principals, resources });
  });

  test("whether it allows or denies", async () => {
    const nowhere = { resource: repositoryArn(OTHER_ACCOUNT, REGION, "x") };
    expect(await isDecided(nowhere)).toBe(true);
    expect(await isDecided(nowhere)).toBe(false);
  });

  test.each<readonly [string, Asking]>([
    ["principal", { principal: CI_RUN }],
    ["key of the principal", { principal: { ...ALICE, accessKeyId: "AKIAALICEALICEALICE2" } }],
    ["action", { action: "ecr:PutImage" }],
    ["resource", { resource: `${APP}2` }],
    ["address", { sourceIp: "10.0.0.2" }],
    ["transport", { secureTransport: false }],
    ["user agent", { userAgent: "podman" }],
    ["user agent, of which one letter differs", { userAgent: "Docker" }],
    ["value of a key of its own", { conditions: { "aws:RequestTag/team": ["a"] } }],
  ])("for that %s alone", async (_, other) => {
    await decide();
    expect(await isDecided(other)).toBe(true);
    expect(await isDecided(other)).toBe(false);
    expect(await isDecided()).toBe(false);
  });

  test("until the account changes, and the change is in force then", async () => {
    expect(await decide()).toEqual(ALLOWED);
    world.principal(ALICE.uniqueId, {});
    expect(await decide()).toEqual(denied(ALICE.arn, NO_IDENTITY));
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*")) });
    expect(await decide()).toEqual(ALLOWED);
  });

  test("until either account changes, across two", async () => {
    const asking = { principal: BOB };
    expect(await decide(asking)).toEqual(ALLOWED);
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {});
    expect(await decide(asking)).toEqual(denied(BOB.arn, NO_RESOURCE));
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {
      repositoryPolicy: policy(grant({ AWS: OTHER_ACCOUNT }, "ecr:*")),
    });
    expect(await decide(asking)).toEqual(ALLOWED);
    world.principal(BOB.uniqueId, {}, OTHER_ACCOUNT);
    expect(await decide(asking)).toEqual(denied(BOB.arn, NO_IDENTITY));
  });

  test("and not for a change of an account that has no say", async () => {
    await decide();
    world.principal(BOB.uniqueId, {}, OTHER_ACCOUNT);
    expect(await isDecided()).toBe(false);
  });

  test("for user agents that differ only where nothing looks at them", async () => {
    await decide({ userAgent: `${"a".repeat(512)}1` });
    expect(await isDecided({ userAgent: `${"a".repeat(512)}2` })).toBe(false);
    expect(await isDecided({ userAgent: `${"a".repeat(511)}2` })).toBe(true);
  });

  test("for each address where a condition asks for it", async () => {
    const inside = { Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/24" } } };
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*", inside)) });
    for (const sourceIp of ["10.0.0.1", "10.0.1.1", "10.0.0.1"]) {
      expect(await decide({ sourceIp })).toMatchObject({ allowed: sourceIp.startsWith("10.0.0.") });
    }
    expect(await isDecided({ sourceIp: "10.0.1.1" })).toBe(false);
  });
});

describe("without waiting", () => {
  const CONTEXT = { sourceIp: "10.0.0.1", secureTransport: true, time: new Date(0), userAgent: "docker" };
  const known = ({ principal = ALICE, action = PULL, resource = APP, ...context }: Asking = {}) =>
    world.authorizer.known(principal, action, resource, { ...CONTEXT, ...context });

  beforeEach(() => world.principal(ALICE.uniqueId, { identity: policy(allow(PULL)) }));

  test("a decision is known once it has been made, whether it allows or denies", async () => {
    expect(known()).toBeUndefined();
    await decide();
    await decide({ action: "ecr:PutImage" });
    expect(known()).toEqual(ALLOWED);
    expect(known({ action: "ecr:PutImage" })).toMatchObject({ allowed: false });
    expect(known({ resource: `${APP}2` })).toBeUndefined();
  });

  test("it is known for half a second from when the account was looked at", async () => {
    await decide();
    now += 499;
    expect(known()).toEqual(ALLOWED);
    now += 1;
    expect(known()).toBeUndefined();
    await decide();
    expect(known()).toEqual(ALLOWED);
  });

  test("it is known for its context alone, and never for a request with conditions of its own", async () => {
    await decide();
    await decide({ conditions: {} });
    expect(known({ conditions: {} })).toBeUndefined();
    expect(known()).toEqual(ALLOWED);
    expect(known({ sourceIp: "10.0.0.2" })).toBeUndefined();
  });

  test("nothing is known of nobody, and of what another account has", async () => {
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { repositoryPolicy: policy(grant("*", PULL)) });
    world.principal(BOB.uniqueId, { identity: policy(allow("*")) }, OTHER_ACCOUNT);
    for (const principal of [ANONYMOUS, BOB]) {
      expect(await decide({ principal })).toEqual(ALLOWED);
      expect(known({ principal })).toBeUndefined();
    }
  });

  test("one that was crowded out is known again when it has been asked for again", async () => {
    await decide();
    for (let at = 0; at < 64; at++) await decide({ resource: `${APP}${at}` });
    expect(known()).toBeUndefined();
    const { decisions } = world.count;
    await decide();
    expect(known()).toEqual(ALLOWED);
    expect(world.count.decisions).toBe(decisions);
  });
});

describe("a policy that nobody can read", () => {
  test("leaves what depends on it undecided, until it can be read", async () => {
    world.principal(ALICE.uniqueId, { identity: "{" });
    for (let time = 0; time < 2; time++) await expect(decide()).rejects.toThrow(UndecidedError);
    world.principal(ALICE.uniqueId, { identity: policy(allow(PULL)) });
    expect(await decide()).toEqual(ALLOWED);
  });
});

describe("a decision that asks what time it is is made each time", () => {
  const NEW_YEAR = new Date("2030-01-01T00:00:00Z");
  const AFTER = new Date("2030-01-01T00:00:01Z");
  const ended = { Condition: { DateGreaterThanEquals: { "aws:CurrentTime": AFTER.toISOString() } } };
  const inTime = { Condition: { DateLessThan: { "AWS:CurrentTime": AFTER.toISOString() } } };
  const byEpoch = { Condition: { NumericLessThan: { "aws:EpochTime": String(AFTER.getTime() / 1000) } } };

  test.each<readonly [string, () => void]>([
    [
      "by an identity policy",
      () => world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*", inTime)) }),
    ],
    ["by the epoch", () => world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*", byEpoch)) })],
    [
      "by a Deny",
      () =>
        world.principal(ALICE.uniqueId, {
          identity: policy(allow("ecr:*"), allow("ecr:*", { ...ended, Effect: "Deny" })),
        }),
    ],
    [
      "by a boundary",
      () =>
        world.principal(ALICE.uniqueId, {
          identity: policy(allow("ecr:*")),
          boundary: policy(allow("ecr:*", inTime)),
        }),
    ],
    [
      "by a session policy",
      () =>
        world.principal(ALICE.uniqueId, {
          identity: policy(allow("ecr:*")),
          session: policy(allow("ecr:*", inTime)),
        }),
    ],
    [
      "by a repository policy",
      () =>
        world.resource(`${ACCOUNT}/${REGION}/team/app`, {
          repositoryPolicy: policy(grant({ AWS: ALICE.arn }, "ecr:*", inTime)),
        }),
    ],
    [
      "by a registry policy",
      () =>
        world.resource(`${ACCOUNT}/${REGION}/`, {
          registryPolicy: policy(grant({ AWS: ALICE.arn }, "ecr:*", { ...inTime, Resource: "*" })),
        }),
    ],
    [
      "in a variable",
      () =>
        world.principal(ALICE.uniqueId, {
          identity: policy(
            allow("ecr:*", {
              Condition: { StringEquals: { "aws:CurrentTime": "$" + "{aws:CurrentTime}" } },
            }),
            allow("ecr:*", { ...ended, Effect: "Deny" }),
          ),
        }),
    ],
  ])("%s", async (_, arrange) => {
    arrange();
    expect(await decide({ time: NEW_YEAR })).toEqual(ALLOWED);
    expect(await decide({ time: AFTER })).toMatchObject({ allowed: false });
    expect(await decide({ time: NEW_YEAR })).toEqual(ALLOWED);
  });
});

describe("tags of the repository", () => {
  const tagged = (key: string) =>
    policy(allow("ecr:*", { Condition: { StringEquals: { [`${key}/team`]: "blue" } } }));

  test.each(["aws:ResourceTag", "ecr:ResourceTag"])("decide as %s", async (key) => {
    world.principal(ALICE.uniqueId, { identity: tagged(key) });
    expect(await decide()).toMatchObject({ allowed: false });
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { tags: { team: "blue" } });
    expect(await decide()).toEqual(ALLOWED);
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { tags: { team: "red" } });
    expect(await decide()).toMatchObject({ allowed: false });
  });

  test("may be compared with those of the caller", async () => {
    const same = { StringEquals: { "aws:ResourceTag/team": "$" + "{aws:PrincipalTag/team}" } };
    const identity = policy(allow("ecr:*", { Condition: same }));
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { tags: { team: "blue" } });
    world.principal(ALICE.uniqueId, { identity, tags: { team: "blue" } });
    expect(await decide()).toEqual(ALLOWED);
    world.principal(ALICE.uniqueId, { identity, tags: { team: "red" } });
    expect(await decide()).toMatchObject({ allowed: false });
  });

  test("may be said by the request where the repository has none yet", async () => {
    world.principal(ALICE.uniqueId, { identity: tagged("aws:RequestTag") });
    expect(await decide({ conditions: { "aws:RequestTag/team": ["blue"] } })).toEqual(ALLOWED);
    expect(await decide({ conditions: { "aws:RequestTag/team": ["red"] } })).toMatchObject({
      allowed: false,
    });
  });
});

describe("a registry policy of scope V1 that names an action which only V2 knows", () => {
  beforeEach(() => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:*")) });
    const registryPolicy = policy(grant("*", PULL, { Resource: "*" }));
    world.resource(`${ACCOUNT}/${REGION}/`, { registryPolicy, registryScope: "V1" });
  });

  test.each(["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"])(
    "says nothing about %s",
    async (action) => {
      expect(await decide({ action })).toEqual(ALLOWED);
    },
  );

  test("is not asked about anything else", async () => {
    expect(await decide()).toEqual(ALLOWED);
  });
});

describe("tags of what IAM has", () => {
  const tagged = (key: string) =>
    policy(allow("iam:*", { Condition: { StringEquals: { [`${key}/team`]: "blue" } } }));
  const iam = (name: string): string => `arn:aws:iam::${ACCOUNT}:${name}`;

  test.each([iam("policy/p"), iam("policy/team/p"), iam("oidc-provider/issuer.example/x")])(
    "decide about %s as aws:ResourceTag and by no other name",
    async (resource) => {
      const asking = { action: "iam:GetIt", resource };
      world.principal(ALICE.uniqueId, { identity: tagged("aws:ResourceTag") });
      expect(await decide(asking)).toMatchObject({ allowed: false });
      world.resource(resource, { tags: { team: "blue" } });
      expect(await decide(asking)).toEqual(ALLOWED);
      world.resource(resource, { tags: { team: "red" } });
      expect(await decide(asking)).toMatchObject({ allowed: false });
      world.resource(resource, { tags: { team: "blue" } });
      for (const key of ["iam:ResourceTag", "ecr:ResourceTag"]) {
        world.principal(ALICE.uniqueId, { identity: tagged(key) });
        expect(await decide(asking)).toMatchObject({ allowed: false });
      }
    },
  );
});

test("a managed policy of AWS is every account's own", async () => {
  world.principal(ALICE.uniqueId, { identity: policy(allow("iam:GetPolicy")) });
  const resource = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
  expect(await decide({ action: "iam:GetPolicy", resource })).toEqual(ALLOWED);
  expect(await decide({ action: "iam:ListEntitiesForPolicy", resource })).toMatchObject({ allowed: false });
});

test("a managed policy of another account is that account's", async () => {
  world.principal(ALICE.uniqueId, { identity: policy(allow("iam:GetPolicy")) });
  const resource = `arn:aws:iam::${OTHER_ACCOUNT}:policy/p`;
  expect(await decide({ action: "iam:GetPolicy", resource })).toMatchObject({ allowed: false });
});

describe("across accounts", () => {
  const share = () =>
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {
      repositoryPolicy: policy(grant({ AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }, PULL)),
    });
  const able = () => world.principal(BOB.uniqueId, { identity: policy(allow("ecr:*")) }, OTHER_ACCOUNT);

  test("both sides must allow, and the one that does not is named", async () => {
    expect(await decide({ principal: BOB })).toEqual(denied(BOB.arn, NO_IDENTITY));
    able();
    expect(await decide({ principal: BOB })).toEqual(denied(BOB.arn, NO_RESOURCE));
    share();
    expect(await decide({ principal: BOB })).toEqual(ALLOWED);
    world.principal(BOB.uniqueId, {}, OTHER_ACCOUNT);
    expect(await decide({ principal: BOB })).toEqual(denied(BOB.arn, NO_IDENTITY));
  });

  test("a registry policy shares as well", async () => {
    able();
    world.resource(`${ACCOUNT}/${REGION}/`, {
      registryPolicy: policy(grant({ AWS: OTHER_ACCOUNT }, PULL, { Resource: APP })),
    });
    expect(await decide({ principal: BOB })).toEqual(ALLOWED);
    expect(await decide({ principal: BOB, resource: `${APP}2` })).toMatchObject({ allowed: false });
  });

  test("a disabled owner shares nothing", async () => {
    able();
    share();
    expect(await decide({ principal: BOB })).toEqual(ALLOWED);
    world.disable(ACCOUNT);
    expect(await decide({ principal: BOB })).toEqual(denied(BOB.arn, NO_RESOURCE));
  });

  test("an owner that does not exist is told from one that shares nothing by nobody", async () => {
    able();
    const resource = repositoryArn("999999999999", REGION, "team/app");
    expect(await decide({ principal: BOB, resource })).toEqual(denied(BOB.arn, NO_RESOURCE, PULL, resource));
  });

  test("nobody has what `*` is given, and nothing else", async () => {
    expect(await decide({ principal: ANONYMOUS })).toMatchObject({ allowed: false });
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { repositoryPolicy: policy(grant("*", PULL)) });
    expect(await decide({ principal: ANONYMOUS })).toEqual(ALLOWED);
    expect(await decide({ principal: ANONYMOUS, action: "ecr:PutImage" })).toMatchObject({ allowed: false });
    world.disable(ACCOUNT);
    expect(await decide({ principal: ANONYMOUS })).toMatchObject({ allowed: false });
  });
});

describe("whoever is gone", () => {
  beforeEach(() => world.principal(ALICE.uniqueId, { identity: policy(allow("*")) }));

  test("by a disabled account, until it is enabled", async () => {
    expect(await decide()).toEqual(ALLOWED);
    world.disable(ACCOUNT);
    const { principals } = world.count;
    expect(await decide()).toEqual(GONE);
    expect(await decide({ principal: OWNER })).toEqual(GONE);
    expect(world.count).toMatchObject({ principals });
    world.principal(ALICE.uniqueId, { identity: policy(allow("*")) });
    expect(await decide()).toEqual(ALLOWED);
  });

  test("by deletion may do nothing, not even what everyone may", async () => {
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { repositoryPolicy: policy(grant("*", PULL)) });
    world.principal(ALICE.uniqueId, undefined);
    expect(await decide()).toEqual(GONE);
  });

  test("by an account that does not exist", async () => {
    const arn = "arn:aws:iam::999999999999:user/alice";
    expect(await decide({ principal: { ...ALICE, account: "999999999999", arn } })).toEqual(GONE);
  });
});

describe("an explanation", () => {
  const question = (identity: UserIdentity | undefined) => ({
    ...{ identity, action: PULL, resource: APP },
    context: { sourceIp: "10.0.0.1", secureTransport: true, time: new Date(), userAgent: "" },
  });

  test("has the verdict and every policy that took part", async () => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("ecr:PutImage")) });
    world.resource(`${ACCOUNT}/${REGION}/team/app`, { repositoryPolicy: policy(grant("*", "ecr:PutImage")) });
    const found = await world.authorizer.explain(question(ALICE));
    expect(found?.verdict).toMatchObject({ allowed: false, message: expect.stringContaining(NO_IDENTITY) });
    expect(found?.considered.map(({ policy: { label } }) => label)).toEqual([
      "identity",
      "policy of repository team/app",
    ]);
  });

  test("is there for nobody, and not for whoever is gone", async () => {
    expect(await world.authorizer.explain(question(undefined))).toMatchObject({
      verdict: { allowed: false },
    });
    world.principal(ALICE.uniqueId, undefined);
    expect(await world.authorizer.explain(question(ALICE))).toBeUndefined();
  });
});

describe("what another policy of the repository would allow", () => {
  const SET = "ecr:SetRepositoryPolicy";
  const would = (element: object, identity: UserIdentity | RootIdentity = ALICE) =>
    world.authorizer.wouldAllow(
      {
        ...{ identity, action: SET, resource: APP },
        context: { sourceIp: "10.0.0.1", secureTransport: true, time: new Date(), userAgent: "" },
      },
      aDocument("repository", element, { repository: APP }),
    );

  test("takes the place of the one that it has", async () => {
    world.resource(`${ACCOUNT}/${REGION}/team/app`, {
      repositoryPolicy: policy(grant({ AWS: ALICE.arn }, "ecr:*")),
    });
    expect(await would({ Principal: { AWS: BOB.arn } })).toBe(false);
    expect(await would({ Principal: { AWS: ALICE.arn } })).toBe(true);
  });

  test("stands beside the caller's own policies and that of the registry", async () => {
    world.principal(ALICE.uniqueId, { identity: policy(allow(SET)) });
    expect(await would({ Principal: { AWS: BOB.arn } })).toBe(true);
    world.resource(`${ACCOUNT}/${REGION}/`, {
      registryPolicy: policy(grant("*", SET, { Effect: "Deny", Resource: "*" })),
    });
    expect(await would({ Principal: { AWS: ALICE.arn } })).toBe(false);
  });

  test("may deny its own author, but not the root", async () => {
    world.principal(ALICE.uniqueId, { identity: policy(allow("*")) });
    expect(await would({ Effect: "Deny", Action: SET })).toBe(false);
    expect(await would({ Effect: "Deny", Action: SET }, OWNER)).toBe(true);
    expect(await would({ Effect: "Deny", Principal: { AWS: BOB.arn }, Action: SET })).toBe(true);
  });

  test("is nothing for whoever is gone, and changes nothing that was decided", async () => {
    world.principal(ALICE.uniqueId, { identity: policy(allow(SET)) });
    expect(await would({ Effect: "Deny", Action: SET })).toBe(false);
    expect(await decide({ action: SET })).toEqual(ALLOWED);
    world.disable(ACCOUNT);
    expect(await would({ Principal: { AWS: ALICE.arn } })).toBe(false);
  });
});

test("decisions are kept in bounded memory, however long what was asked", async () => {
  world.principal(ALICE.uniqueId, { identity: policy(allow(PULL)) });
  const ask = (at: number) =>
    decide({ conditions: { "aws:RequestTag/a": [`${at}${"a".repeat(1_000_000)}`] } });
  await ask(0);
  const { decisions } = world.count;
  await ask(0);
  expect(world.count.decisions).toBe(decisions);
  for (let at = 1; at < 40; at++) await ask(at);
  await ask(0);
  expect(world.count.decisions).toBe(decisions + 40);
});
