import type { ClientConfig } from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { repositoryCommand } from "../../src/cli/repository.ts";
import { withRegistry } from "../../src/composition/command.ts";
import { readConfig } from "../../src/config.ts";
import { openTestRegistry } from "../support/registry.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { ports, scope, clock } = registry;

const access = { repositories: ports.repositories, clock, account: scope.account, region: scope.region };
let stdout = "";
let stderr = "";

/** Runs the command on the real stores; resolves with its exit code. */
const berth = (...argv: string[]): Promise<number> => repositoryCommand(argv, (work) => work(access));

beforeEach(() => {
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const created = clock.now().toISOString();

describe("create", () => {
  test("makes a repository and shows it", async () => {
    expect(await berth("create", "team/app")).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ name: "team/app", sparse: "off", tags: "mutable", created });
  });

  test("takes settings", async () => {
    expect(await berth("create", "team/strict", "--tags", "immutable", "--sparse=on")).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ name: "team/strict", sparse: "on", tags: "immutable", created });
  });

  test("of one that exists fails and changes nothing", async () => {
    await berth("create", "team/exists");
    await expect(berth("create", "team/exists", "--sparse", "on")).rejects.toThrow(
      "the repository team/exists exists already; `set` changes it",
    );
    expect(await registry.repository("team/exists")).toMatchObject({ sparse: false });
  });

  test("of an invalid name says the rule", async () => {
    await expect(berth("create", "Team/App")).rejects.toThrow(
      /invalid repository name "Team\/App": components of/,
    );
  });
});

test("list shows all names in byte order, over all pages", async () => {
  const other = await openTestRegistry();
  try {
    const names = Array.from({ length: 1003 }, (_, at) => `r${String(at).padStart(4, "0")}`);
    await Promise.all(names.toReversed().map((name) => other.repository(name)));
    const access = { ...scope, repositories: other.ports.repositories, clock };
    expect(await repositoryCommand(["list"], (work) => work(access))).toBe(0);
    expect(stdout).toBe(`${names.join("\n")}\n`);
  } finally {
    await other.close();
  }
});

describe("describe", () => {
  test("shows settings and the number of manifests", async () => {
    await registry.pushImage("team/described", "described", "v1");
    expect(await berth("describe", "team/described")).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      name: "team/described",
      ...{ sparse: "off", tags: "mutable", created, manifests: 1 },
    });
  });

  test("of one that does not exist fails in ECR's words", async () => {
    await expect(berth("describe", "team/nothing")).rejects.toThrow(
      "The repository with name 'team/nothing' does not exist in the registry with id '000000000000'",
    );
  });
});

describe("set", () => {
  test("changes what it names and nothing else", async () => {
    await berth("create", "team/set", "--sparse", "on");
    stdout = "";
    expect(await berth("set", "team/set", "--tags", "immutable")).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ name: "team/set", sparse: "on", tags: "immutable", created });
    stdout = "";
    await berth("set", "team/set", "--sparse", "off", "--tags", "mutable");
    expect(JSON.parse(stdout)).toMatchObject({ sparse: "off", tags: "mutable" });
  });

  test("of one that does not exist fails", async () => {
    await expect(berth("set", "team/nothing", "--sparse", "on")).rejects.toThrow("does not exist");
  });
});

describe("delete", () => {
  test("removes an empty repository", async () => {
    await berth("create", "team/empty");
    stdout = "";
    expect(await berth("delete", "team/empty")).toBe(0);
    expect(stdout).toBe("deleted team/empty\n");
    await expect(berth("describe", "team/empty")).rejects.toThrow("does not exist");
  });

  test("of one with manifests wants --force", async () => {
    await registry.pushImage("team/full", "full", "v1");
    await expect(berth("delete", "team/full")).rejects.toThrow(
      "holds 1 manifest(s); --force deletes them with it",
    );
    expect(await berth("describe", "team/full")).toBe(0);
    expect(await berth("delete", "team/full", "--force")).toBe(0);
    await expect(berth("describe", "team/full")).rejects.toThrow("does not exist");
  });

  test("frees the name at once", async () => {
    await registry.pushImage("team/reborn", "reborn", "v1");
    await berth("delete", "team/reborn", "--force");
    expect(await berth("create", "team/reborn")).toBe(0);
    stdout = "";
    await berth("describe", "team/reborn");
    expect(JSON.parse(stdout)).toMatchObject({ manifests: 0 });
  });
});

describe("wrong usage ends with 2 and says how", () => {
  test.each([
    ["an unknown verb", ["rename", "team/app"], "unknown: berth repository rename"],
    ["no name", ["create"], "berth repository create needs a NAME"],
    ["too many arguments", ["delete", "a", "b", "c"], "too many arguments: b c"],
    ["an unknown option", ["create", "a", "--shiny"], "--shiny"],
    ["an option without its value", ["create", "a", "--sparse"], "--sparse"],
    ["a value that is none", ["create", "a", "--sparse", "maybe"], "--sparse must be on or off, not maybe"],
    ["another value that is none", ["set", "a", "--tags", "frozen"], "--tags must be mutable or immutable"],
    ["nothing to set", ["set", "team/app"], "nothing to set"],
  ])("%s", async (_, argv, says) => {
    expect(await berth(...argv)).toBe(2);
    expect(stderr).toContain(says);
    expect(stderr).toContain("berth repository create NAME");
    expect(stdout).toBe("");
  });

  test("no verb at all", async () => {
    expect(await berth()).toBe(2);
  });

  test("--help is no mistake", async () => {
    expect(await berth("--help")).toBe(0);
    expect(stdout).toContain("berth repository create NAME");
  });
});

describe("another registry", () => {
  test("is chosen by account and region", async () => {
    await expect(berth("list", "--account", "111122223333")).rejects.toThrow(
      "there is no registry of account 111122223333 in region us-east-1; has the server been started?",
    );
    await expect(berth("list", "--region", "mars-north-1")).rejects.toThrow("mars-north-1");
    expect(await berth("create", "team/named", "--account", scope.account, "--region", scope.region)).toBe(0);
  });
});

test("the command works on the database that configuration names, beside a server", async () => {
  const config = readConfig({
    BERTH_DATABASE_URL: urlOf(registry.home.connection.main),
    BERTH_MASTER_KEY: Buffer.alloc(32).toString("base64"),
  });
  expect(await repositoryCommand(["create", "team/by-url"], (work) => withRegistry(config, work))).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ name: "team/by-url" });
  stdout = "";
  expect(await berth("describe", "team/by-url")).toBe(0);
});

/** A connection as an operator writes it; a socket's folder goes into the query. */
function urlOf({ connectionString, host = "", port, user, password, database }: ClientConfig): string {
  if (connectionString !== undefined) return connectionString;
  const secret = typeof password === "string" ? `:${encodeURIComponent(password)}` : "";
  return `postgres://${user}${secret}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}
