import { afterAll, expect, test } from "vitest";
import { NEWEST } from "../../../src/registry/images/describe.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { Pull, RepositoryId } from "../../../src/registry/ports/index.ts";
import { Scopes } from "../../../src/registry/scopes.ts";
import { CAUSE } from "../../support/cause.ts";
import { HOUR, MINUTE } from "../../support/clock.ts";
import { digestOfText, entry, index, type Manifest } from "../../support/manifests.ts";
import { openTestRegistry } from "../../support/registry.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { ports, scope, clock } = registry;
const START = clock.now();
const at = (later: number): Date => new Date(START.getTime() + later);

async function pulled(
  name: string,
  { digest }: Pick<Manifest, "digest">,
  more: Partial<Pull> = {},
): Promise<Pull> {
  const { id: repositoryId } = await registry.repository(name);
  return {
    repositoryId,
    digest,
    byTag: true,
    principal: "arn:aws:iam::000000000000:user/x",
    at: START,
    ...more,
  };
}

async function timesOf(name: string): Promise<Readonly<Record<string, Date | undefined>>> {
  const query = { before: NEWEST, limit: 100, tagStatus: "ANY" } as const;
  const page = await ports.images.page(scope, parseRepositoryName(name), query);
  return Object.fromEntries(page?.items.map(({ digest, pulledAt }) => [digest, pulledAt]) ?? []);
}

test("a time is kept, moves on, and never goes back", async () => {
  const image = await registry.pushImage("times", "times", "v1");
  expect(await timesOf("times")).toEqual({ [image.digest]: undefined });
  for (const [later, kept] of [
    [HOUR, HOUR],
    [2 * HOUR, 2 * HOUR],
    [MINUTE, 2 * HOUR],
  ] as const) {
    await ports.pulls.record([await pulled("times", image, { at: at(later) })]);
    expect(await timesOf("times")).toEqual({ [image.digest]: at(kept) });
  }
});

test("several pulls of a batch leave the latest, and what is gone is passed over", async () => {
  const image = await registry.pushImage("batch", "batch", "v1");
  await ports.pulls.record([
    await pulled("batch", image, { at: at(2) }),
    await pulled("batch", image, { at: at(3), principal: "another" }),
    await pulled("batch", image, { at: at(1), byTag: false }),
    await pulled("batch", { digest: digestOfText("gone") }),
    await pulled("batch", image, { repositoryId: 0 as RepositoryId }),
  ]);
  expect(await timesOf("batch")).toEqual({ [image.digest]: at(3) });
});

test("pulls by an excluded principal do not count, in its registry and until it is included again", async () => {
  const image = await registry.pushImage("excluded", "excluded", "v1");
  const arn = "arn:aws:iam::000000000000:role/puller";
  const pull = await pulled("excluded", image, { principal: arn });
  await ports.pulls.exclude(scope, arn, 100, CAUSE, START);
  await ports.pulls.record([pull]);
  expect(await timesOf("excluded")).toEqual({ [image.digest]: undefined });
  await ports.pulls.include(scope, arn, CAUSE, START);
  await ports.pulls.record([pull]);
  expect(await timesOf("excluded")).toEqual({ [image.digest]: START });
});

test("an exclusion in another region of the account changes nothing here", async () => {
  const image = await registry.pushImage("regions", "regions", "v1");
  const elsewhere = await new Scopes(ports.registries, ["*"]).open({ ...scope, region: "eu-north-1" });
  const arn = "arn:aws:iam::000000000000:user/elsewhere";
  await ports.pulls.exclude(elsewhere, arn, 100, CAUSE, START);
  await ports.pulls.record([await pulled("regions", image, { principal: arn })]);
  expect(await timesOf("regions")).toEqual({ [image.digest]: START });
});

test("what an index lists is the index's pull, when it comes with it or soon after", async () => {
  const child = await registry.pushImage("index", "child");
  const list = await registry.pushManifest("index", index([entry(child)]), "latest");
  const byDigest = { byTag: false };
  await ports.pulls.record([await pulled("index", list), await pulled("index", child, byDigest)]);
  expect(await timesOf("index")).toEqual({ [list.digest]: START, [child.digest]: undefined });
  await ports.pulls.record([await pulled("index", child, { ...byDigest, at: at(70 * MINUTE) })]);
  expect(await timesOf("index")).toMatchObject({ [child.digest]: undefined });
});

test("what an index lists has pulls of its own: by tag, or long after the index was pulled", async () => {
  const child = await registry.pushImage("direct", "direct", "amd64");
  const list = await registry.pushManifest("direct", index([entry(child)]), "latest");
  await ports.pulls.record([await pulled("direct", list), await pulled("direct", child)]);
  expect(await timesOf("direct")).toEqual({ [list.digest]: START, [child.digest]: START });
  await ports.pulls.record([await pulled("direct", child, { byTag: false, at: at(71 * MINUTE) })]);
  expect(await timesOf("direct")).toEqual({ [list.digest]: START, [child.digest]: at(71 * MINUTE) });
});

test("the time goes with its image", async () => {
  const image = await registry.pushImage("gone", "gone", "v1");
  await ports.pulls.record([await pulled("gone", image)]);
  await ports.manifests.delete(scope, parseRepositoryName("gone"), image.digest, CAUSE, START);
  await registry.pushImage("gone", "gone", "v1");
  expect(await timesOf("gone")).toEqual({ [image.digest]: undefined });
});

test("so many exclusions fit at once and no more, whoever comes together", async () => {
  const arns = Array.from({ length: 8 }, (_, n) => `arn:aws:iam::000000000000:user/u${n}`);
  const answers = await Promise.all(arns.map((arn) => ports.pulls.exclude(scope, arn, 5, CAUSE, START)));
  expect(answers.filter((answer) => answer === "too many")).toHaveLength(3);
  expect(await ports.pulls.excluded(scope, "", 100)).toHaveLength(5);
});
