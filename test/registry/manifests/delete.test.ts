import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/registry/digest.ts";
import { deleteManifest } from "../../../src/registry/manifests/delete.ts";
import { parseReference } from "../../../src/registry/manifests/pull.ts";
import type { RepositoryName } from "../../../src/registry/names.ts";
import { CAUSE } from "../../support/cause.ts";
import { ManualClock } from "../../support/clock.ts";
import { refusal } from "../refusal.ts";
import { APP, type Held, MISSING, manifestStore, SCOPE } from "./registry.ts";

const ME = { ...CAUSE, principal: "arn:me" };
const PAYLOAD = Buffer.from("{}");
const DIGEST = digestOf(PAYLOAD);
const INDEX = digestOf(Buffer.from("index"));
const clock = new ManualClock("2030-01-01T00:00:00.000Z");

function remove(held: Held, reference: string, name: RepositoryName = APP) {
  const manifests = manifestStore(held);
  const removed = deleteManifest({ manifests, clock }, SCOPE, name, parseReference(reference), ME);
  return { removed, asked: manifests.asked };
}

describe("by tag", () => {
  test("takes the tag alone", async () => {
    const { removed, asked } = remove({ payloads: [PAYLOAD], tags: { v1: DIGEST } }, "v1");
    expect(await removed).toEqual({ untagged: "v1", digest: DIGEST });
    expect(asked).toEqual(["untag team/app v1 arn:me 2030-01-01T00:00:00.000Z"]);
  });

  test("refuses a tag that is not there", async () => {
    await expect(remove({}, "v1").removed).rejects.toThrow(refusal("MANIFEST_UNKNOWN", 404, "v1"));
  });

  test("refuses a tag that came back after the attempt: it was not there when it was asked for", async () => {
    const manifests = manifestStore({ payloads: [PAYLOAD], tags: { v1: DIGEST } });
    const late = { ...manifests, untag: async () => undefined };
    await expect(
      deleteManifest({ manifests: late, clock }, SCOPE, APP, parseReference("v1"), ME),
    ).rejects.toThrow(refusal("MANIFEST_UNKNOWN", 404, "v1"));
  });
});

describe("by digest", () => {
  test("takes the manifest with its tags", async () => {
    const gone = { digest: DIGEST, tags: [] };
    const { removed, asked } = remove({ payloads: [PAYLOAD], removal: { removed: gone } }, DIGEST);
    expect(await removed).toEqual(gone);
    expect(asked).toEqual([`delete team/app ${DIGEST} arn:me 2030-01-01T00:00:00.000Z`]);
  });

  test("refuses a manifest that is not there", async () => {
    await expect(remove({}, DIGEST).removed).rejects.toThrow(refusal("MANIFEST_UNKNOWN", 404, DIGEST));
  });

  test("refuses one that indexes list, and names them", async () => {
    const { removed } = remove({ payloads: [PAYLOAD], removal: { listedBy: [INDEX] } }, DIGEST);
    await expect(removed).rejects.toThrow(
      refusal("UNSUPPORTED", 405, `Requested image referenced by manifest list: [${INDEX}]`),
    );
    await expect(removed).rejects.toMatchObject({ detail: { digest: DIGEST, listedBy: [INDEX] } });
  });
});

test.each(["v1", DIGEST])("of a repository that is not there is refused as such: %s", async (reference) => {
  await expect(remove({}, reference, MISSING).removed).rejects.toThrow(
    refusal("NAME_UNKNOWN", 404, "team/missing"),
  );
});
