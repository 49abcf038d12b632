import type { ClientConfig } from "pg";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresResourceTags } from "../../src/adapters/postgres/resource-tags.ts";
import { addRepository } from "../../src/cli/repository/index.ts";
import { withRegistry } from "../../src/composition/command.ts";
import { readConfig } from "../../src/config.ts";
import { openTestRegistry } from "../support/registry.ts";
import { CapturedIo, expectFailure, runBerth } from "./captured-io.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { ports, scope, clock } = registry;

const resourceTags = postgresResourceTags(registry.database);
const access = { ...ports, resourceTags, clock, account: scope.account, region: scope.region };
let io = new CapturedIo();

/** Runs the command on the real stores; resolves with its exit code. */
const berth = (...argv: string[]): Promise<number> =>
  runBerth(io, ["repository", ...argv], (parent) => addRepository(parent, io, (work) => work(access)));

beforeEach(() => {
  io = new CapturedIo();
});

const created = clock.now().toISOString();

describe("create", () => {
  test("makes a repository and shows it", async () => {
    expect(await berth("create", "team/app")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({ name: "team/app", sparse: "off", tags: "mutable", created });
  });

  test("takes settings", async () => {
    expect(await berth("create", "team/strict", "--tags", "immutable", "--sparse=on")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({ name: "team/strict", sparse: "on", tags: "immutable", created });
  });

  test("of one that exists fails and changes nothing", async () => {
    await berth("create", "team/exists");
    await expectFailure(
      io,
      berth("create", "team/exists", "--sparse", "on"),
      "the repository team/exists exists already; `set` changes it",
    );
    expect(await registry.repository("team/exists")).toMatchObject({ sparse: false });
  });

  test("of an invalid name says the rule", async () => {
    expect(await berth("create", "Team/App")).toBe(2);
    expect(io.errors).toMatch(/invalid repository name "Team\/App": components of/);
  });
});

test("list shows all names in byte order, over all pages", async () => {
  const other = await openTestRegistry();
  try {
    const names = Array.from({ length: 1003 }, (_, at) => `r${String(at).padStart(4, "0")}`);
    await Promise.all(names.toReversed().map((name) => other.repository(name)));
    const access = { ...scope, ...other.ports, resourceTags, clock };
    expect(
      await runBerth(io, ["repository", "list"], (parent) =>
        addRepository(parent, io, (work) => work(access)),
      ),
    ).toBe(0);
    expect(io.out).toBe(`${names.join("\n")}\n`);
    io = new CapturedIo();
    const argv = ["repository", "list", "--json"];
    expect(await runBerth(io, argv, (parent) => addRepository(parent, io, (work) => work(access)))).toBe(0);
    const shown = io.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(shown.map(({ name }) => name)).toEqual(names);
    expect(shown[0]).toEqual({ name: "r0000", sparse: "off", tags: "mutable", created });
  } finally {
    await other.close();
  }
});

describe("describe", () => {
  test("shows settings and the number of manifests", async () => {
    await registry.pushImage("team/described", "described", "v1");
    expect(await berth("describe", "team/described")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({
      name: "team/described",
      ...{ sparse: "off", tags: "mutable", created, resourceTags: {}, manifests: 1 },
    });
  });

  test("of one that does not exist fails in ECR's words", async () => {
    await expectFailure(
      io,
      berth("describe", "team/nothing"),
      "The repository with name 'team/nothing' does not exist in the registry with id '000000000000'",
    );
  });
});

describe("set", () => {
  test("changes what it names and nothing else", async () => {
    await berth("create", "team/set", "--sparse", "on");
    io = new CapturedIo();
    expect(await berth("set", "team/set", "--tags", "immutable")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({ name: "team/set", sparse: "on", tags: "immutable", created });
    io = new CapturedIo();
    await berth("set", "team/set", "--sparse", "off", "--tags", "mutable");
    expect(JSON.parse(io.out)).toMatchObject({ sparse: "off", tags: "mutable" });
  });

  test("takes the tags for which the opposite holds, all or none", async () => {
    await berth("create", "team/except", "--tags", "immutable", "--except", "latest", "--except", "dev-*");
    expect(JSON.parse(io.out)).toMatchObject({ tags: "immutable", except: ["latest", "dev-*"] });
    expect(await registry.repository("team/except")).toMatchObject({
      tagMutability: "IMMUTABLE_WITH_EXCLUSION",
      exclusionFilters: ["latest", "dev-*"],
    });
    io = new CapturedIo();
    await berth("set", "team/except", "--tags=mutable", "--except", "v*");
    expect(JSON.parse(io.out)).toMatchObject({ tags: "mutable", except: ["v*"] });
    io = new CapturedIo();
    await berth("set", "team/except", "--tags", "mutable");
    expect(JSON.parse(io.out)).toEqual({ name: "team/except", sparse: "off", tags: "mutable", created });
  });

  test("wants --tags beside --except, and wildcards of tags", async () => {
    await berth("create", "team/wrong");
    expect(await berth("set", "team/wrong", "--except", "v*")).toBe(2);
    expect(io.errors).toContain("--except needs --tags");
    await expectFailure(
      io,
      berth("set", "team/wrong", "--tags", "immutable", "--except", "a b"),
      `an exclusion filter has 1 to 128 letters, digits, '.', '_', '-' and '*', not "a b"`,
    );
  });

  test("of one that does not exist fails", async () => {
    await expectFailure(io, berth("set", "team/nothing", "--sparse", "on"), "does not exist");
  });
});

describe("tag and untag", () => {
  test("put AWS tags and take them away, and show what there is", async () => {
    await berth("create", "team/tagged");
    io = new CapturedIo();
    expect(await berth("tag", "team/tagged", "team=blue", "empty=", "sum=1+1=2")).toBe(0);
    expect(io.out).toBe(`${JSON.stringify({ empty: "", sum: "1+1=2", team: "blue" }, null, 2)}\n`);
    io = new CapturedIo();
    expect(await berth("untag", "team/tagged", "sum", "empty", "absent")).toBe(0);
    expect(JSON.parse(io.out)).toEqual({ team: "blue" });
    io = new CapturedIo();
    await berth("describe", "team/tagged");
    expect(JSON.parse(io.out)).toMatchObject({ resourceTags: { team: "blue" } });
  });

  test("keep the rules of tags", async () => {
    await berth("create", "team/ruled");
    expect(await berth("tag", "team/ruled", "team")).toBe(2);
    expect(io.errors).toContain("a tag is KEY=VALUE");
    const reserved = "Invalid tag: the key 'aws:x' begins with 'aws:', which is reserved";
    await expectFailure(io, berth("tag", "team/ruled", "aws:x=1"), reserved);
    await expectFailure(io, berth("untag", "team/ruled", "aws:x"), reserved);
    await expectFailure(io, berth("tag", "team/missing", "a=b"), "does not exist");
    await expectFailure(io, berth("untag", "team/missing", "a"), "does not exist");
  });
});

describe("delete", () => {
  test("removes an empty repository", async () => {
    await berth("create", "team/empty");
    io = new CapturedIo();
    expect(await berth("delete", "team/empty")).toBe(0);
    expect(io.out).toBe("deleted team/empty\n");
    await expectFailure(io, berth("describe", "team/empty"), "does not exist");
  });

  test("of one with manifests wants --force", async () => {
    await registry.pushImage("team/full", "full", "v1");
    await expectFailure(
      io,
      berth("delete", "team/full"),
      "the repository team/full holds manifests; --force deletes them with it",
    );
    expect(await berth("describe", "team/full")).toBe(0);
    expect(await berth("delete", "team/full", "--force", "--yes")).toBe(0);
    await expectFailure(io, berth("describe", "team/full"), "does not exist");
  });

  test("of one with manifests asks for its name, and does nothing where nobody can be asked", async () => {
    await registry.pushImage("team/asked", "asked", "v1");
    expect(await berth("delete", "team/asked", "--force")).toBe(2);
    expect(io.errors).toContain(
      "1 manifest(s) of team/asked go with it. Say --yes where nobody can be asked",
    );
    io = new CapturedIo({ typed: "team/other\n" });
    await expectFailure(io, berth("delete", "team/asked", "--force"), "nothing was done");
    io = new CapturedIo({ typed: "team/asked\n" });
    expect(await berth("delete", "team/asked", "--force")).toBe(0);
    expect(io.out).toBe("deleted team/asked\n");
  });

  test("frees the name at once", async () => {
    await registry.pushImage("team/reborn", "reborn", "v1");
    await berth("delete", "team/reborn", "--force", "--yes");
    expect(await berth("create", "team/reborn")).toBe(0);
    io = new CapturedIo();
    await berth("describe", "team/reborn");
    expect(JSON.parse(io.out)).toMatchObject({ manifests: 0 });
  });
});

describe("wrong usage ends with 2 and says how", () => {
  test.each([
    ["an unknown verb", ["rename", "team/app"], "unknown command 'rename'"],
    ["no name", ["create"], "missing required argument 'name'"],
    ["too many arguments", ["delete", "a", "b", "c"], "too many arguments for 'delete'"],
    ["an unknown option", ["create", "a", "--shiny"], "--shiny"],
    ["an option without its value", ["create", "a", "--sparse"], "--sparse"],
    [
      "a value that is none",
      ["create", "a", "--sparse", "maybe"],
      "argument 'maybe' is invalid. Allowed choices are on, off.",
    ],
    [
      "another value that is none",
      ["set", "a", "--tags", "frozen"],
      "Allowed choices are mutable, immutable.",
    ],
    ["nothing to set", ["set", "team/app"], "set needs --sparse or --tags"],
  ])("%s", async (_, argv, says) => {
    expect(await berth(...argv)).toBe(2);
    expect(io.errors).toContain(says);
    expect(io.errors).toMatch(/^See: berth repository.* --help$/m);
    expect(io.out).toBe("");
  });

  test("no verb at all", async () => {
    expect(await berth()).toBe(2);
  });

  test("--help is no mistake", async () => {
    expect(await berth("--help")).toBe(0);
    expect(io.out).toContain("create [options] <name>");
  });
});

describe("another registry", () => {
  test("is chosen by account and region", async () => {
    await expectFailure(
      io,
      berth("list", "--account", "111122223333"),
      `there is no registry of account 111122223333 in region us-east-1; the server's own is of ${scope.account} in ${scope.region}, \`berth account list\` shows other accounts`,
    );
    expect(await berth("list", "--account", "12")).toBe(2);
    expect(io.errors).toContain("The id of an account is 12 digits");
    await expectFailure(io, berth("list", "--region", "mars-north-1"), "mars-north-1");
    expect(await berth("create", "team/named", "--account", scope.account, "--region", scope.region)).toBe(0);
  });
});

test("the command works on the database that configuration names, beside a server", async () => {
  const config = readConfig({
    BERTH_DATABASE_URL: urlOf(registry.home.connection.main),
    BERTH_MASTER_KEY: registry.home.config.masterKey?.toString("base64"),
  });
  expect(
    await runBerth(io, ["repository", "create", "team/by-url"], (parent) =>
      addRepository(parent, io, (work) => withRegistry(config, work)),
    ),
  ).toBe(0);
  expect(JSON.parse(io.out)).toMatchObject({ name: "team/by-url" });
  io = new CapturedIo();
  expect(await berth("describe", "team/by-url")).toBe(0);
});

/** A connection as an operator writes it; a socket's folder goes into the query. */
function urlOf({ connectionString, host = "", port, user, password, database }: ClientConfig): string {
  if (connectionString !== undefined) return connectionString;
  const secret = typeof password === "string" ? `:${encodeURIComponent(password)}` : "";
  return `postgres://${user}${secret}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}
