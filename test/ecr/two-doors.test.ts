import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { exchange } from "../support/exchange.ts";
import { entry, image, index, type Manifest } from "../support/manifests.ts";
import { pushBlob, putManifest } from "../support/push.ts";
import { ecrApi } from "./support/api.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
const api = ecrApi(berth);

const [CONFIG, LAYER] = ["{}", "layer"];
const labelled = (label: string): Manifest => image(CONFIG, [LAYER], { annotations: { label } });
const [A, B] = [labelled("a"), labelled("b")];
/** Two images, and an index that lists them. */
const MANIFESTS = { a: A, b: B, list: index([entry(A), entry(B)]) } as const;
type Label = keyof typeof MANIFESTS;
const LABELS = Object.keys(MANIFESTS) as readonly Label[];

type Door = "registry" | "api";
type Outcome = "done" | "nothing new" | "unknown" | "immutable" | "references missing" | "listed";
type Step =
  | { readonly kind: "put"; readonly door: Door; readonly label: Label; readonly tag: string | undefined }
  | { readonly kind: "remove"; readonly door: Door; readonly label: Label }
  | { readonly kind: "remove tag"; readonly door: Door; readonly tag: string };

const door = fc.constantFrom<Door>("registry", "api");
const label = fc.constantFrom(...LABELS);
const tag = fc.constantFrom("t1", "t2");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      door,
      label,
      tag: fc.option(tag, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), door, label }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove tag" as const), door, tag }) },
);

/** What a repository should hold: images, and what points at them. */
class Model {
  readonly images = new Map<Label, Set<string>>();
  readonly #isImmutable: boolean;

  constructor(isImmutable: boolean) {
    this.#isImmutable = isImmutable;
  }

  take(each: Step): Outcome {
    switch (each.kind) {
      case "put":
        return this.#put(each.label, each.tag);
      case "remove":
        return this.#remove(each.label);
      case "remove tag":
        return this.#removeTag(each.tag, each.door);
    }
  }

  #holderOf(wanted: string): Label | undefined {
    return LABELS.find((each) => this.images.get(each)?.has(wanted));
  }

  #put(wanted: Label, given: string | undefined): Outcome {
    const isNew = !this.images.has(wanted);
    if (isNew && wanted === "list" && !(this.images.has("a") && this.images.has("b")))
      return "references missing";
    const holder = given === undefined ? undefined : this.#holderOf(given);
    if (this.#isImmutable && holder !== undefined && holder !== wanted) return "immutable";
    if (isNew) this.images.set(wanted, new Set());
    if (!isNew && (given === undefined || holder === wanted)) return "nothing new";
    if (given !== undefined) {
      if (holder !== undefined) this.images.get(holder)?.delete(given);
      this.images.get(wanted)?.add(given);
    }
    return "done";
  }

  #remove(wanted: Label): Outcome {
    if (!this.images.has(wanted)) return "unknown";
    if (wanted !== "list" && this.images.has("list")) return "listed";
    this.images.delete(wanted);
    return "done";
  }

  #removeTag(wanted: string, by: Door): Outcome {
    const holder = this.#holderOf(wanted);
    if (holder === undefined) return "unknown";
    // By the API the last tag takes the image along.
    if (by === "api" && this.images.get(holder)?.size === 1) return this.#remove(holder);
    this.images.get(holder)?.delete(wanted);
    return "done";
  }
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  "201": "done",
  "202": "done",
  "404 MANIFEST_UNKNOWN": "unknown",
  "404 MANIFEST_BLOB_UNKNOWN": "references missing",
  "400 TAG_INVALID": "immutable",
  "405 UNSUPPORTED": "listed",
  ImageAlreadyExistsException: "nothing new",
  ImageTagAlreadyExistsException: "immutable",
  ReferencedImagesNotFoundException: "references missing",
  ImageNotFound: "unknown",
  ImageReferencedByManifestList: "listed",
};

function outcomeOf(said: string): Outcome {
  const outcome = OUTCOMES[said];
  if (outcome === undefined) throw new Error(`nobody expected ${said}`);
  return outcome;
}

async function atRegistry(name: string, each: Step): Promise<Outcome> {
  const answer = await (each.kind === "put"
    ? putManifest(berth, name, MANIFESTS[each.label], each.tag)
    : exchange(berth, {
        method: "DELETE",
        path: `/v2/${name}/manifests/${each.kind === "remove" ? MANIFESTS[each.label].digest : each.tag}`,
      }));
  if (answer.status < 300) return outcomeOf(String(answer.status));
  return outcomeOf(`${answer.status} ${JSON.parse(answer.body.toString()).errors[0].code}`);
}

async function atApi(repositoryName: string, each: Step): Promise<Outcome> {
  if (each.kind === "put") {
    const imageManifest = MANIFESTS[each.label].bytes.toString();
    const { status, body } = await api.call("PutImage", {
      repositoryName,
      imageManifest,
      imageTag: each.tag,
    });
    return status === 200 ? "done" : outcomeOf(String(body["__type"]));
  }
  const id = each.kind === "remove" ? { imageDigest: MANIFESTS[each.label].digest } : { imageTag: each.tag };
  const { failures } = await api.ask<{ failures: { failureCode: string }[] }>("BatchDeleteImage", {
    repositoryName,
    imageIds: [id],
  });
  return failures[0] === undefined ? "done" : outcomeOf(failures[0].failureCode);
}

/** Images with their tags, as the API describes and lists them. */
async function describedBy(repositoryName: string): Promise<readonly (readonly [string, string[]])[]> {
  const { imageDetails } = await api.ask<{ imageDetails: { imageDigest: string; imageTags?: string[] }[] }>(
    "DescribeImages",
    { repositoryName },
  );
  const { imageIds } = await api.ask<{ imageIds: object[] }>("ListImages", { repositoryName });
  const entries = imageDetails.flatMap(({ imageDigest, imageTags = [] }) =>
    imageTags.length === 0 ? [{ imageDigest }] : imageTags.map((imageTag) => ({ imageDigest, imageTag })),
  );
  expect(imageIds).toEqual(entries);
  return imageDetails.map(({ imageDigest, imageTags = [] }) => [imageDigest, imageTags] as const);
}

/** The same as the registry's door shows it: what can be pulled, and where each tag leads. */
async function pulledFrom(name: string): Promise<readonly (readonly [string, string[]])[]> {
  const { body } = await exchange(berth, { path: `/v2/${name}/tags/list` });
  const tags = new Map<string, string[]>();
  for (const each of JSON.parse(body.toString()).tags as string[]) {
    const { headers } = await exchange(berth, { method: "HEAD", path: `/v2/${name}/manifests/${each}` });
    const digest = String(headers["docker-content-digest"]);
    tags.set(digest, [...(tags.get(digest) ?? []), each]);
  }
  const there: (readonly [string, string[]])[] = [];
  for (const { digest, bytes } of Object.values(MANIFESTS)) {
    const answer = await exchange(berth, { path: `/v2/${name}/manifests/${digest}` });
    if (answer.status === 200) {
      expect(answer.body.equals(bytes)).toBe(true);
      there.push([digest, tags.get(digest) ?? []]);
    }
  }
  return there;
}

const byDigest = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
  a[0] < b[0] ? -1 : 1;

let repositories = 0;

test("whatever is done by either door, both show the same", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 14 }), async (isImmutable, steps) => {
      const name = `doors/${repositories++}`;
      await api.ask("CreateRepository", {
        repositoryName: name,
        imageTagMutability: isImmutable ? "IMMUTABLE" : "MUTABLE",
      });
      for (const content of [CONFIG, LAYER]) await pushBlob(berth, name, content);
      const model = new Model(isImmutable);
      for (const each of steps) {
        const expected = model.take(each);
        const outcome = await (each.door === "registry" ? atRegistry(name, each) : atApi(name, each));
        // A push by the registry's door that changes nothing succeeds.
        const said = each.door === "registry" && expected === "nothing new" ? "done" : expected;
        expect([each, outcome]).toEqual([each, said]);
      }
      const held = [...model.images]
        .map(([each, tags]) => [MANIFESTS[each].digest, [...tags].sort()] as const)
        .sort(byDigest);
      expect((await describedBy(name)).toSorted(byDigest)).toEqual(held);
      expect((await pulledFrom(name)).toSorted(byDigest)).toEqual(held);
    }),
    { numRuns: 30 },
  );
});
