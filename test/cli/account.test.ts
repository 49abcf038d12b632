import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresSessions, postgresSigningKeys } from "../../src/adapters/postgres/iam/index.ts";
import { addAccount } from "../../src/cli/account.ts";
import { composeRegistryAccess } from "../../src/composition/command.ts";
import { issueSession } from "../../src/iam/sessions/issue.ts";
import { RegistryTokens } from "../../src/iam/tokens/registry-token.ts";
import { SigningKeys } from "../../src/iam/tokens/signing-keys.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { basic, makeTestHome, openTestState, startTestBerth } from "../support/berth.ts";
import { CAUSE } from "../support/cause.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const home = await makeTestHome();
const state = await openTestState(home);
const access = composeRegistryAccess(home.config, state);
const nodes = await Promise.all([startTestBerth({ home }), startTestBerth({ home })]);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await state.close();
  await home.remove();
});

let io = new CapturedIo();

/** Runs the command on the database of the two nodes; resolves with its exit code. */
const berth = (...argv: string[]): Promise<number> =>
  runBerth(io, ["account", ...argv], (parent) => addAccount(parent, io, (work) => work(access)));

beforeEach(() => {
  io = new CapturedIo();
});

/** A node believes what it has read of an account for half a second. */
const SOON = { timeout: 60_000 };

interface Made {
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function create(id: string, ...more: string[]): Promise<Made> {
  io = new CapturedIo();
  expect(await berth("create", id, ...more)).toBe(0);
  const made = JSON.parse(io.out);
  io = new CapturedIo();
  return made;
}

/** What each node answers to a ping with that key. */
async function statuses({ accessKeyId, secretAccessKey }: Made): Promise<readonly number[]> {
  const headers = { authorization: basic(accessKeyId, secretAccessKey) };
  const answers = await Promise.all(nodes.map((node) => node.fetch("/v2/", { headers })));
  return answers.map(({ status }) => status);
}

/** The status of a signed STS call. */
async function callerIdentity(url: string, keyId: string, secret: string): Promise<number> {
  const body = "Action=GetCallerIdentity&Version=2011-06-15";
  const headers = { Host: new URL(url).host, "Content-Type": "application/x-www-form-urlencoded" };
  const date = new Date();
  const signed = signInHeader({ headers, body, keyId, secret, region: "us-east-1", service: "sts", date });
  return (await fetch(url, { method: "POST", headers: signed.headers, body })).status;
}

describe("root-key", () => {
  test("lets an operator in who has lost every key, at most twice", async () => {
    await create("111122223399");
    expect(await berth("root-key", "111122223399")).toBe(0);
    expect(await statuses(JSON.parse(io.out))).toEqual([200, 200]);
    io = new CapturedIo();
    expect(await berth("root-key", "111122223399")).toBe(1);
    expect(io.out).toBe("");
  });

  test("lets one in as well who has lost both keys, which are good no more", async () => {
    const lost = await create("111122223398");
    await berth("root-key", "111122223398");
    io = new CapturedIo();
    await expectFailure(io, berth("root-key", "111122223398"), "--replace deletes them");
    io = new CapturedIo();
    expect(await berth("root-key", "111122223398", "--replace")).toBe(0);
    expect(await statuses(JSON.parse(io.out))).toEqual([200, 200]);
    expect(await statuses(lost)).toEqual([401, 401]);
    expect(await access.identity.reader("111122223398").listAccessKeys("root")).toHaveLength(1);
  });

  test("of an account that does not exist is refused", async () => {
    await expectFailure(io, berth("root-key", "999999999999"), "there is no account 999999999999");
  });
});

describe("create", () => {
  test("makes an account with its registry and shows a key of its root once", async () => {
    const made = await create("111122223333", "--name", "Team A");
    expect(made).toEqual({
      account: "111122223333",
      accessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
      secretAccessKey: expect.stringMatching(/^[\w+/]{40}$/),
    });
    expect(await access.registries.find({ account: made.account, region: home.config.region })).toBeDefined();
    expect(await statuses(made)).toEqual([200, 200]);
  });

  test("of one that exists fails and makes no key", async () => {
    await create("111122223334");
    await expectFailure(io, berth("create", "111122223334"), "the account 111122223334 exists already");
    expect(io.out).toBe("");
    expect(await access.identity.reader("111122223334").listAccessKeys("root")).toHaveLength(1);
  });

  test("of the server's own account fails", async () => {
    await expectFailure(io, berth("create", home.config.account), "exists already");
  });

  test("finishes one that was interrupted before it had a key", async () => {
    const id = "111122223335";
    await access.accounts.create({ id, name: undefined }, home.config.region, CAUSE, state.clock.now());
    expect(await statuses(await create(id))).toEqual([200, 200]);
  });

  test("of the same at once makes one key", async () => {
    for (let round = 0; round < 50; round++) {
      const id = `1111222233${36 + round}`;
      const made = await Promise.all([berth("create", id), berth("create", id)]);
      expect(made.sort()).toEqual([0, 1]);
      expect(await access.identity.reader(id).listAccessKeys("root")).toHaveLength(1);
    }
  });
});

test("list shows every account, one a line", async () => {
  await create("222200000001", "--name", "Listed");
  await create("222200000002");
  await berth("disable", "222200000002");
  io = new CapturedIo();
  expect(await berth("list")).toBe(0);
  expect(io.out).toContain(`${home.config.account}\tenabled\n`);
  expect(io.out).toContain("222200000001\tenabled\tListed\n222200000002\tdisabled\n");
  io = new CapturedIo();
  expect(await berth("list", "--json")).toBe(0);
  expect(
    io.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toContainEqual({
    ...{ account: "222200000001", name: "Listed", state: "enabled", created: expect.any(String) },
  });
});

describe("describe", () => {
  test("shows the account and how much it has", async () => {
    await create("333300000001", "--name", "Described");
    expect(await berth("describe", "333300000001")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({
      ...{ account: "333300000001", name: "Described", state: "enabled", created: expect.any(String) },
      ...{ users: 0, groups: 0, roles: 0, policies: 0, rootAccessKeys: 1 },
    });
  });

  test("of one that does not exist fails", async () => {
    await expectFailure(io, berth("describe", "999999999999"), "there is no account 999999999999");
  });
});

describe("disable", () => {
  test("ends everything on every node, and enable brings it back", async () => {
    const made = await create("444400000001");
    expect(await statuses(made)).toEqual([200, 200]);
    expect(await berth("disable", made.account)).toBe(0);
    expect(io.out).toBe("disabled 444400000001\n");
    await expect.poll(() => statuses(made), SOON).toEqual([401, 401]);
    expect(await berth("enable", made.account)).toBe(0);
    await expect.poll(() => statuses(made), SOON).toEqual([200, 200]);
  });

  test("ends tokens, sessions and signed calls as well", async () => {
    const made = await create("444400000003");
    const { accessKeyId, secretAccessKey } = made;
    const issuedAt = state.clock.now();
    const session = await issueSession(
      postgresSessions(state.database),
      state.masterKey,
      {
        ...{ account: made.account, policy: undefined, policyArns: [], tags: {}, transitiveTagKeys: [] },
        origin: { kind: "session-token", parentKey: accessKeyId },
        ...{
          sourceIdentity: undefined,
          mfaAt: undefined,
          issuedAt,
          expiresAt: new Date(issuedAt.getTime() + 3_600_000),
        },
      },
      CAUSE,
    );
    const tokens = new RegistryTokens(
      new SigningKeys(postgresSigningKeys(state.database), state.masterKey, state.clock),
      state.clock,
    );
    const { token } = await tokens.issue({
      ...{ accessKeyId, account: made.account, region: home.config.region, access: undefined },
      expiresAt: session.expiresAt,
    });
    const everything = async (): Promise<readonly number[]> => [
      ...(await statuses({ ...made, accessKeyId: "AWS", secretAccessKey: token })),
      ...(await statuses({
        ...{ account: made.account, accessKeyId: session.accessKeyId },
        secretAccessKey: `${session.secretAccessKey}.${session.sessionToken}`,
      })),
      ...(await Promise.all(nodes.map((node) => callerIdentity(node.url, accessKeyId, secretAccessKey)))),
    ];
    expect(await everything()).toEqual([200, 200, 200, 200, 200, 200]);
    await berth("disable", made.account);
    await expect.poll(everything, SOON).toEqual([401, 401, 401, 401, 403, 403]);
  });

  test("of one that is disabled changes nothing", async () => {
    await create("444400000002");
    expect(await berth("disable", "444400000002")).toBe(0);
    expect(await berth("disable", "444400000002")).toBe(0);
  });

  test("of the server's own account asks for its id, and does nothing where nobody can be asked", async () => {
    const own = home.config.account;
    expect(await berth("disable", own)).toBe(2);
    expect(io.errors).toContain("this server's own account");
    io = new CapturedIo({ typed: "yes\n" });
    await expectFailure(io, berth("disable", own), "nothing was done");
    io = new CapturedIo({ typed: `${own}\n` });
    expect(await berth("disable", own)).toBe(0);
    expect(await berth("disable", own, "--yes")).toBe(0);
    expect(await berth("enable", own)).toBe(0);
  });

  test.each(["disable", "enable"])("%s of one that does not exist fails", async (verb) => {
    await expectFailure(io, berth(verb, "999999999999"), "there is no account 999999999999");
  });
});

describe("wrong usage ends with 2 and says how", () => {
  test.each([
    ["an unknown verb", ["delete", "111122223333"], "unknown command 'delete'"],
    ["no id", ["create"], "missing required argument 'id'"],
    [
      "an id that is too short",
      ["create", "1234"],
      "'1234' is invalid for argument 'id'. The id of an account is 12 digits.",
    ],
    ["an id that is no number", ["disable", "11112222333x"], "12 digits"],
    ["too many arguments", ["enable", "111122223333", "b", "c"], "too many arguments for 'enable'"],
    ["a list of something", ["list", "111122223333"], "too many arguments for 'list'"],
    ["an unknown option", ["create", "111122223333", "--shiny"], "--shiny"],
    ["a name elsewhere", ["disable", "111122223333", "--name", "a"], "unknown option '--name'"],
    ["an empty name", ["create", "555500000001", "--name", ""], "must be 1 to 50 characters"],
    ["a long name", ["create", "555500000001", "--name", "n".repeat(51)], "must be 1 to 50"],
    ["a name with a control character", ["create", "555500000001", "--name", "a\u001b"], "must be 1 to 50"],
  ])("%s", async (_, argv, says) => {
    expect(await berth(...argv)).toBe(2);
    expect(io.errors).toContain(says);
    expect(io.errors).toMatch(/^See: berth account.* --help$/m);
    expect(io.out).toBe("");
  });

  test("no verb at all", async () => {
    expect(await berth()).toBe(2);
  });

  test("--help is no mistake", async () => {
    expect(await berth("--help")).toBe(0);
    expect(io.out).toContain("create [options] <id>");
  });
});
