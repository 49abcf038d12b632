import { describe, expect, test } from "vitest";
import {
  BATCH,
  CollectionFailedError,
  type CollectionPorts,
  type CollectionRound,
  collectGarbage,
  isBusy,
} from "../../src/gc/collect.ts";
import { RegistryError } from "../../src/registry/errors.ts";
import { HOUR, ManualClock } from "../support/clock.ts";

const GRACES = { uploadExpiry: 24 * HOUR, blobGrace: 12 * HOUR, deletionGrace: HOUR };
const NOTHING: CollectionRound = {
  ...{ uploads: 0, repositories: 0, manifests: 0, repositoryRows: 0, stamped: 0, links: 0, blobs: 0 },
  objects: 0,
};
const clock = new ManualClock();

type Step = (...values: readonly never[]) => unknown;

/** Ports that fail, or wait, where they are told to, which real ones do not on demand; what they do is tried with those. */
function portsOf(steps: Readonly<Record<string, Step>> = {}) {
  const asked: (readonly [string, ...unknown[]])[] = [];
  const port = (names: readonly string[], answer: unknown) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        async (...values: never[]) => {
          asked.push([name, ...values]);
          return steps[name] === undefined ? answer : steps[name](...values);
        },
      ]),
    );
  const ports = {
    clock,
    uploads: port(["expire"], 0),
    storage: port(["delete"], undefined),
    garbage: {
      ...port(["reviewManifests", "purgeDeletedRepository", "stamp", "reviewLinks", "reviewBlobs"], 0),
      ...port(["abandonedRepositories", "takeObjects"], []),
      ...port(["discardRepository", "forgetObjects"], true),
    },
  } as unknown as CollectionPorts;
  return { asked, ports };
}

const fail = (error: unknown) => () => Promise.reject(error);

describe("a round", () => {
  test("deletes eight objects at a time, and forgets each that is gone", async () => {
    const keys = Array.from({ length: 20 }, (_, key) => `key-${key}`);
    const deleting: (() => void)[] = [];
    const { asked, ports } = portsOf({
      takeObjects: () => keys,
      delete: () => new Promise<void>((resolve) => deleting.push(resolve)),
    });
    const round = collectGarbage(ports, GRACES);
    const together: number[] = [];
    while (together.reduce((sum, number) => sum + number, 0) < keys.length) {
      await new Promise(setImmediate);
      together.push(deleting.length);
      for (const done of deleting.splice(0)) done();
    }
    expect(await round).toEqual({ ...NOTHING, objects: 20 });
    expect(together.filter((number) => number > 0)).toEqual([8, 8, 4]);
    const [, forgotten] = asked.find(([name]) => name === "forgetObjects") ?? [];
    expect((forgotten as string[]).toSorted()).toEqual(keys.toSorted());
  });
});

describe("what goes wrong", () => {
  test("keeps nothing else from being done, and the first of it is told", async () => {
    const error = new Error("no links today");
    const { ports } = portsOf({
      ...{ expire: () => 3, reviewLinks: fail(error), reviewBlobs: fail(new Error("nor blobs")) },
      stamp: () => 5,
    });
    const failed = await collectGarbage(ports, GRACES).catch((thrown: unknown) => thrown);
    expect(failed).toBeInstanceOf(CollectionFailedError);
    expect(failed).toMatchObject({
      ...{ name: "CollectionFailedError", message: "no links today", cause: error },
      round: { ...NOTHING, uploads: 3, stamped: 5 },
    });
  });

  test("in every step leaves a round of nothing", async () => {
    const broken = fail(new Error("broken"));
    const steps = ["expire", "abandonedRepositories", "reviewManifests", "purgeDeletedRepository", "stamp"];
    const more = ["reviewLinks", "reviewBlobs", "takeObjects"];
    const { asked, ports } = portsOf(
      Object.fromEntries([...steps, ...more].map((name) => [name, broken] as const)),
    );
    await expect(collectGarbage(ports, GRACES)).rejects.toMatchObject({ round: NOTHING });
    expect(asked.map(([name]) => name)).toEqual([...steps, ...more]);
  });

  test("is told in its own words where it is no error", async () => {
    const { ports } = portsOf({ stamp: fail("out of stamps") });
    await expect(collectGarbage(ports, GRACES)).rejects.toThrow("out of stamps");
  });

  test("with a key is told, and the other keys are forgotten", async () => {
    const { asked, ports } = portsOf({
      takeObjects: () => ["a", "b", "c"],
      delete: (key: string) => (key === "b" ? Promise.reject(new Error("b stays")) : undefined),
    });
    await expect(collectGarbage(ports, GRACES)).rejects.toMatchObject({
      ...{ message: "b stays", round: { ...NOTHING, objects: 2 } },
    });
    expect(asked.at(-1)).toEqual(["forgetObjects", ["c", "a"]]);
  });

  test.each([
    ["the database that is not there ends the round", "UNAVAILABLE", ["reviewManifests"]],
    ["another refusal does not", "UNKNOWN", ["reviewManifests", "stamp"]],
  ] as const)("%s", async (_, reason, wanted) => {
    const { asked, ports } = portsOf({ reviewManifests: fail(new RegistryError(reason, "no")) });
    await expect(collectGarbage(ports, GRACES)).rejects.toBeInstanceOf(CollectionFailedError);
    const steps = asked.map(([name]) => name);
    expect(steps.filter((name) => name === "reviewManifests" || name === "stamp")).toEqual(wanted);
  });
});

test.each<[string, Partial<CollectionRound>, boolean]>([
  ["nothing", {}, false],
  ["less than a batch", { links: BATCH - 1 }, false],
  ["a batch of one kind", { links: BATCH }, true],
  ["a row of a deleted repository", { repositoryRows: 1 }, true],
])("a round that has ended %s: %j, leaves work for the next one: %s", (_, ended, busy) => {
  expect(isBusy({ ...NOTHING, ...ended })).toBe(busy);
});
