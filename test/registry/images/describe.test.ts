import { expect, test } from "vitest";
import { describeImages } from "../../../src/registry/images/describe.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { ImageStore } from "../../../src/registry/ports/index.ts";
import type { Scope } from "../../../src/registry/scope.ts";

const scope = { id: 1, account: "000000000000", region: "us-east-1" } as Scope;
const found = { id: 7, repositoryId: 1, digest: "sha256:0", mediaType: "a/b", size: 2 };

test("images of too many tags together are not described in one call", async () => {
  const images = {
    resolve: async () => [found],
    details: async (...[, , , tagsMax]: Parameters<ImageStore["details"]>) =>
      tagsMax === 100_000 ? "too many tags" : [],
  } as unknown as ImageStore;
  await expect(
    describeImages({ images }, scope, parseRepositoryName("app"), [{ tag: "v1" }]),
  ).rejects.toMatchObject({
    reason: "IMAGES_TOO_LARGE",
    message: "One call describes images of at most 100000 tags together; name fewer of them",
  });
});
