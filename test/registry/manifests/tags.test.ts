import { expect, test } from "vitest";
import { digestOf } from "../../../src/registry/digest.ts";
import { listTags } from "../../../src/registry/manifests/tags.ts";
import { refusal } from "../refusal.ts";
import { APP, MISSING, manifestStore, SCOPE } from "./registry.ts";

const digest = digestOf(Buffer.from("{}"));
const manifests = manifestStore({ tags: { b: digest, A: digest, a: digest } });

test("tags come a page at a time", async () => {
  expect(await listTags({ manifests }, SCOPE, APP, { limit: 2, after: "" })).toEqual({
    items: ["A", "a"],
    next: "a",
  });
  expect(await listTags({ manifests }, SCOPE, APP, { limit: 2, after: "a" })).toEqual({
    items: ["b"],
    next: undefined,
  });
});

test("tags of a repository that is not there are refused", async () => {
  await expect(listTags({ manifests }, SCOPE, MISSING, { limit: 2, after: "" })).rejects.toThrow(
    refusal("NAME_UNKNOWN", 404, "team/missing"),
  );
});
