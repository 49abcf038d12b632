import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRepositoryName, type RepositoryName } from "../../../src/registry/names.ts";
import { cutPage } from "../../../src/registry/pages.ts";
import type { Repository, RepositoryId, RepositoryStore } from "../../../src/registry/ports/index.ts";
import { draftRepository } from "../../../src/registry/repositories/create.ts";
import { listRepositories } from "../../../src/registry/repositories/describe.ts";
import { repositoryUnknown } from "../../../src/registry/repositories/errors.ts";
import { openForPush, type PushTarget, pushInto } from "../../../src/registry/repositories/push-target.ts";
import type { RegistryId } from "../../../src/registry/scope.ts";
import { CAUSE } from "../../support/cause.ts";
import { ManualClock } from "../../support/clock.ts";
import { refusal } from "../refusal.ts";

const scope = { id: 1 as RegistryId, account: "123456789012", region: "eu-north-1" };
const clock = new ManualClock();
const NAME = parseRepositoryName("team/app");

/** A store in memory. */
function repositoryStore(
  ...names: RepositoryName[]
): RepositoryStore & { readonly held: Map<string, Repository> } {
  const held = new Map<string, Repository>();
  const add = (name: RepositoryName, createdAt: Date): Repository => {
    const id = (held.size + 1) as RepositoryId;
    const { tags: _, ...facts } = draftRepository({ name });
    const repository = { ...facts, id, registryId: scope.id, createdAt };
    held.set(name, repository);
    return repository;
  };
  for (const name of names) add(name, clock.now());
  const unused = (): never => {
    throw new Error("not for this test");
  };
  return {
    held,
    find: async (_, name) => held.get(name),
    create: async (_, { name }, __, at) => ({ repository: held.get(name) ?? add(name, at), created: true }),
    discard: async (id) => {
      for (const { name } of [...held.values()].filter((repository) => repository.id === id))
        held.delete(name);
    },
    listNames: async (_, after, limit) =>
      [...held.keys()]
        .sort()
        .filter((name) => name > after)
        .slice(0, limit) as RepositoryName[],
    ...{
      findAll: unused,
      page: unused,
      change: unused,
      delete: unused,
      countManifests: unused,
      createWithPolicies: unused,
    },
  };
}

const templates = { findAll: async () => [] };

const target = (mayCreate: PushTarget["mayCreate"]): PushTarget => ({
  ...{ scope, name: NAME, mayCreate, creation: CAUSE },
});

describe("openForPush", () => {
  test("finds a repository and asks nobody", async () => {
    const repositories = repositoryStore(NAME);
    const found = await openForPush(
      { repositories, templates, clock },
      target(() => Promise.reject(new Error("asked"))),
    );
    expect(found).toBe(repositories.held.get(NAME));
  });

  test("creates a missing one with the default settings when it may", async () => {
    const repositories = repositoryStore();
    const made = await openForPush(
      { repositories, templates, clock },
      target(async () => "allowed"),
    );
    expect(made).toMatchObject({
      name: NAME,
      sparse: false,
      tagMutability: "MUTABLE",
      createdAt: clock.now(),
    });
  });

  test.each([
    ["may not", "denied", "and ecr:CreateRepository, by which a push would create it, is not allowed"],
    ["is not to", "off", "and a push creates none here"],
  ] as const)(
    "refuses a missing one in ECR's words when it %s, says so, and creates nothing",
    async (_, creation, why) => {
      const repositories = repositoryStore();
      await expect(
        openForPush(
          { repositories, templates, clock },
          target(async () => creation),
        ),
      ).rejects.toThrow(
        refusal(
          "NAME_UNKNOWN",
          404,
          `The repository with name 'team/app' does not exist in the registry with id '123456789012', ${why}`,
        ),
      );
      expect(repositories.held.size).toBe(0);
    },
  );
});

describe("pushInto", () => {
  const pushed = target(async () => "allowed");
  const fail = (): never => {
    throw new Error("no good");
  };

  test("takes a repository back that it made for a push that failed", async () => {
    const repositories = repositoryStore();
    const push = async (): Promise<string | undefined> => (repositories.held.has(NAME) ? fail() : undefined);
    await expect(pushInto({ repositories, templates, clock }, pushed, push)).rejects.toThrow("no good");
    expect(repositories.held.size).toBe(0);
  });

  test("does not make a repository again that was deleted at once", async () => {
    const repositories = repositoryStore();
    await expect(pushInto({ repositories, templates, clock }, pushed, async () => undefined)).rejects.toThrow(
      refusal("NAME_UNKNOWN", 404, repositoryUnknown(scope.account, NAME).message),
    );
  });

  test("leaves a repository that was there, whatever becomes of the push", async () => {
    const repositories = repositoryStore(NAME);
    await expect(pushInto({ repositories, templates, clock }, pushed, async () => fail())).rejects.toThrow(
      "no good",
    );
    expect(repositories.held.size).toBe(1);
  });

  test("keeps what it made when the push succeeds", async () => {
    const repositories = repositoryStore();
    const push = async (): Promise<string | undefined> => repositories.held.get(NAME)?.name;
    expect(await pushInto({ repositories, templates, clock }, pushed, push)).toBe(NAME);
    expect(repositories.held.size).toBe(1);
  });
});

test("an unknown repository is told by name in the detail", () => {
  expect(repositoryUnknown("123456789012", "x").detail).toEqual({ name: "x" });
});

const everything = async <Name>(names: readonly Name[]): Promise<readonly Name[]> => names;

describe("pages", () => {
  test.each([
    ["a full page with more behind", ["a", "b", "c"], 2, ["a", "b"], "b"],
    ["a full page at the end", ["a", "b"], 2, ["a", "b"], undefined],
    ["less than a page", ["a"], 2, ["a"], undefined],
    ["nothing", [], 2, [], undefined],
    ["a page of nothing", ["a"], 0, [], undefined],
  ])("%s", (_, read, n, names, next) => {
    expect(cutPage<string>(read, n)).toEqual({ items: names, next });
  });

  test("together hold every name once, in order, whatever their size", async () => {
    const letters = fc.string({ unit: fc.constantFrom(..."ab0"), minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(letters), fc.integer({ min: 1, max: 5 }), async (names, n) => {
        const repositories = repositoryStore(...names.map(parseRepositoryName));
        const seen: string[] = [];
        for (let last: string | undefined = ""; last !== undefined; ) {
          const page = await listRepositories({ repositories }, scope, { limit: n, after: last }, everything);
          expect(page.items.length).toBeLessThanOrEqual(n);
          seen.push(...page.items);
          last = page.next;
        }
        expect(seen).toEqual([...names].sort());
      }),
    );
  });

  test("of a catalog that hides some hold every other name once, in order, whatever their size", async () => {
    const letters = fc.string({ unit: fc.constantFrom(..."ab0"), minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(letters), fc.integer({ min: 1, max: 5 }), async (names, n) => {
        const repositories = repositoryStore(...names.map(parseRepositoryName));
        const isSeen = (name: string): boolean => name.includes("a");
        const seen: string[] = [];
        for (let last: string | undefined = ""; last !== undefined; ) {
          const page = await listRepositories(
            { repositories },
            scope,
            { limit: n, after: last },
            async (asked) => asked.filter(isSeen),
          );
          seen.push(...page.items);
          last = page.next;
        }
        expect(seen).toEqual(names.filter(isSeen).sort());
      }),
    );
  });
});
