import { describe, expect, test } from "vitest";
import { type Digest, digestOf } from "../../../src/registry/digest.ts";
import { parseReference } from "../../../src/registry/manifests/pull.ts";
import { type PushManifest, pushManifest, TAG_PARAMETERS_MAX } from "../../../src/registry/manifests/push.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { ManifestPut, RegistryPorts } from "../../../src/registry/ports/index.ts";
import type { RegistryId } from "../../../src/registry/scope.ts";
import { CAUSE } from "../../support/cause.ts";
import { ManualClock } from "../../support/clock.ts";
import { entry, image, OCI_MANIFEST } from "../../support/manifests.ts";
import { refusal } from "../refusal.ts";

const clock = new ManualClock();
const CHANGE = { created: true, moved: [] };
const IMAGE = image("config", ["layer"]);

function push(more: Partial<PushManifest> & { readonly to?: string }): {
  readonly puts: readonly ManifestPut[];
  readonly pushed: ReturnType<typeof pushManifest>;
} {
  const puts: ManifestPut[] = [];
  const manifests = {
    put: async (put: ManifestPut) => {
      puts.push(put);
      return CHANGE;
    },
  };
  const { to = "latest", ...fields } = more;
  const name = parseRepositoryName("app");
  const pushed = pushManifest({ manifests, clock } as unknown as RegistryPorts, {
    target: {
      scope: { id: 1 as RegistryId, account: "000000000000", region: "us-east-1" },
      ...{ name, mayCreate: async () => "denied", creation: CAUSE },
    },
    reference: parseReference(to),
    tagParameters: [],
    contentType: OCI_MANIFEST,
    payload: IMAGE.bytes,
    conditions: { ifMatch: undefined, ifNoneMatch: "*" },
    cause: { ...CAUSE, principal: "arn:aws:iam::000000000000:user/x" },
    ...fields,
  });
  return { puts, pushed };
}

describe("a push by tag", () => {
  test("stores the bytes as they are, under their sha256, with the tag", async () => {
    const { puts, pushed } = push({ to: "v1" });
    expect(await pushed).toEqual({
      digest: digestOf(IMAGE.bytes),
      subject: undefined,
      tags: [],
      change: CHANGE,
    });
    expect(puts).toEqual([
      expect.objectContaining({
        scope: expect.objectContaining({ id: 1 }),
        name: "app",
        digest: digestOf(IMAGE.bytes),
        payload: IMAGE.bytes,
        tags: ["v1"],
        conditions: { ifMatch: undefined, ifNoneMatch: "*" },
        cause: { ...CAUSE, principal: "arn:aws:iam::000000000000:user/x" },
        at: clock.now(),
      }),
    ]);
  });

  test("tells the subject", async () => {
    const subject = entry(image("other", []));
    const signature = image("config", [], { subject });
    expect(await push({ payload: signature.bytes }).pushed).toMatchObject({ subject: subject.digest });
  });

  test("with tag parameters is refused", async () => {
    await expect(push({ tagParameters: ["b"] }).pushed).rejects.toThrow(
      refusal("TAG_INVALID", 400, "tag parameters go with a manifest that is pushed by digest"),
    );
  });
});

describe("a push by digest", () => {
  test.each(["sha256", "sha512"] as const)("of %s is stored under that digest", async (algorithm) => {
    const digest = digestOf(IMAGE.bytes, algorithm);
    const { puts, pushed } = push({ to: digest });
    expect(await pushed).toMatchObject({ digest });
    expect(puts).toEqual([expect.objectContaining({ digest, tags: [] })]);
  });

  test("of other bytes is refused with both digests, and nothing is stored", async () => {
    const wanted = digestOf(Buffer.from("other"), "sha512");
    const found = digestOf(IMAGE.bytes, "sha512");
    const { puts, pushed } = push({ to: wanted });
    await expect(pushed).rejects.toThrow(refusal("DIGEST_INVALID", 400, found, wanted));
    await expect(pushed).rejects.toMatchObject({ detail: { wanted, found } });
    expect(puts).toEqual([]);
  });

  test("sets the tags of its parameters, each once", async () => {
    const { puts, pushed } = push({ to: IMAGE.digest, tagParameters: ["a", "b", "a"] });
    expect(await pushed).toMatchObject({ tags: ["a", "b"] });
    expect(puts).toEqual([expect.objectContaining({ tags: ["a", "b"] })]);
  });

  test(`may set ${TAG_PARAMETERS_MAX} tags, and one more is 414`, async () => {
    const tags = Array.from({ length: TAG_PARAMETERS_MAX }, (_, at) => `t${at}`);
    expect(await push({ to: IMAGE.digest, tagParameters: tags }).pushed).toMatchObject({ tags });
    await expect(push({ to: IMAGE.digest, tagParameters: [...tags, "more"] }).pushed).rejects.toThrow(
      refusal(
        "TAG_INVALID",
        414,
        `at most ${TAG_PARAMETERS_MAX} tag parameters, not ${TAG_PARAMETERS_MAX + 1}`,
      ),
    );
  });

  test("with a tag parameter that is no tag is refused by name", async () => {
    const { puts, pushed } = push({ to: IMAGE.digest, tagParameters: ["good", "not/good"] });
    await expect(pushed).rejects.toThrow(refusal("TAG_INVALID", 400, '"not/good"'));
    expect(puts).toEqual([]);
  });
});

test("what is no manifest is not stored", async () => {
  const { puts, pushed } = push({ payload: Buffer.from("{}") });
  await expect(pushed).rejects.toThrow(
    refusal("MANIFEST_INVALID", 400, "schemaVersion must be 2, not absent"),
  );
  expect(puts).toEqual([]);
});

test("a reference is a digest when it has a colon, else a tag", () => {
  expect(parseReference("latest")).toEqual({ kind: "tag", tag: "latest" });
  expect(parseReference(IMAGE.digest)).toEqual({ kind: "digest", digest: IMAGE.digest satisfies Digest });
  expect(() => parseReference("not/good")).toThrow(refusal("TAG_INVALID", 400));
  expect(() => parseReference("md5:abc")).toThrow(refusal("DIGEST_INVALID", 400, "md5"));
});
