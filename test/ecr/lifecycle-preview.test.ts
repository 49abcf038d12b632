import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresPreviews } from "../../src/adapters/postgres/lifecycle/previews.ts";
import { older, patterns, policyText, prefixes, rule, TO_ARCHIVE } from "../lifecycle/builders.ts";
import { startTestBerth } from "../support/berth.ts";
import { blob, image, type Manifest } from "../support/manifests.ts";
import { createRepository, pushBlob, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { ecrApi, invalid } from "./support/api.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());
const api = ecrApi(berth);

let count = 0;
let repositoryName = "";
beforeEach(async () => {
  repositoryName = `preview/${++count}`;
  await createRepository(berth, repositoryName);
});

interface Preview {
  readonly status: string;
  readonly previewResults?: readonly {
    readonly imageTags: readonly string[];
    readonly imageDigest: string;
  }[];
  readonly summary?: object;
  readonly nextToken?: string;
}

const KEEP_ONE = policyText(rule(3, prefixes("v"), { description: "one" })).padEnd(120, " ");

/** An image of a config, a layer of its own and others, whose content is their names. */
async function push(name: string, tag: string, ...layers: readonly string[]): Promise<Manifest> {
  const config = `${name} ${tag}`;
  for (const content of [config, ...layers]) await pushBlob(berth, name, content);
  const pushed = image(
    blob(config, "application/vnd.oci.image.config.v1+json"),
    layers.map((layer) => blob(layer)),
  );
  await pushManifest(berth, name, pushed, tag);
  return pushed;
}

const start = (lifecyclePolicyText?: string): Promise<object> =>
  api.ask("StartLifecyclePolicyPreview", { repositoryName, lifecyclePolicyText });
const get = (more: object = {}): Promise<Preview> =>
  api.ask<Preview>("GetLifecyclePolicyPreview", { repositoryName, ...more });
const bytes = async (): Promise<unknown> =>
  (
    await rowsOf<{ bytes: number }>(
      berth,
      "SELECT p.bytes FROM lifecycle_previews p JOIN repositories r ON r.id = p.repository_id WHERE r.name = $1",
      [repositoryName],
    )
  )[0]?.bytes;
const age = (set: string): Promise<unknown> =>
  rowsOf(
    berth,
    `UPDATE lifecycle_previews SET ${set} WHERE repository_id = (SELECT id FROM repositories WHERE name = $1)`,
    [repositoryName],
  );

describe("a preview", () => {
  test("says what a run would do, and does nothing", async () => {
    const one = await push(repositoryName, "v1", "a");
    await push(repositoryName, "v2", "b");
    const shown = { registryId: "000000000000", repositoryName, lifecyclePolicyText: KEEP_ONE };
    expect(await start(KEEP_ONE)).toEqual({ ...shown, status: "IN_PROGRESS" });
    expect(await get()).toEqual({
      ...{ ...shown, status: "COMPLETE", summary: { expiringImageTotalCount: 1 } },
      previewResults: [
        {
          ...{ imageTags: ["v1"], imageDigest: one.digest, imagePushedAt: expect.any(Number) },
          ...{ action: { type: "EXPIRE" }, appliedRulePriority: 3, storageClass: "STANDARD" },
        },
      ],
    });
    expect((await api.ask<{ imageIds: object[] }>("ListImages", { repositoryName })).imageIds).toHaveLength(
      2,
    );
    expect((await api.refused("GetLifecyclePolicy", { repositoryName }))[0]).toBe(
      "LifecyclePolicyNotFoundException",
    );
  });

  test("of transitions says where to", async () => {
    await push(repositoryName, "v1", "a");
    await push(repositoryName, "v2", "b");
    await start(policyText(rule(1, {}, TO_ARCHIVE)).padEnd(120, " "));
    expect(await get()).toMatchObject({
      previewResults: [{ action: { type: "TRANSITION", targetStorageClass: "ARCHIVE" } }],
      summary: {
        expiringImageTotalCount: 0,
        transitioningImageTotalCounts: [{ targetStorageClass: "ARCHIVE", imageTotalCount: 1 }],
      },
    });
    expect(await bytes()).toBe(0);
  });

  test("is of the stored policy where no text is given", async () => {
    await push(repositoryName, "v1", "a");
    await api.ask("PutLifecyclePolicy", { repositoryName, lifecyclePolicyText: KEEP_ONE });
    expect(await start()).toMatchObject({ lifecyclePolicyText: KEEP_ONE });
    expect(await get()).toMatchObject({ status: "COMPLETE", previewResults: [] });
  });

  test("replaces the one before", async () => {
    for (const tag of ["v1", "v2", "v3"]) await push(repositoryName, tag, tag);
    await start(KEEP_ONE);
    expect((await get()).previewResults).toHaveLength(2);
    await start(policyText(rule(1, { countNumber: 2 })).padEnd(120, " "));
    expect((await get()).previewResults).toHaveLength(1);
    expect(
      await rowsOf(
        berth,
        "SELECT 1 FROM lifecycle_preview_results r JOIN repositories p ON p.id = r.repository_id WHERE p.name = $1",
        [repositoryName],
      ),
    ).toHaveLength(1);
  });

  test("counts the bytes that storage gets back: each blob once, and none that another image names", async () => {
    const other = `${repositoryName}/other`;
    await createRepository(berth, other);
    await push(other, "x", "elsewhere");
    await push(repositoryName, "v1", "elsewhere", "both of them", "kept", "mine 1");
    await push(repositoryName, "v2", "both of them", "mine 22");
    await push(repositoryName, "v3", "kept");
    await start(KEEP_ONE);
    expect((await get()).summary).toEqual({ expiringImageTotalCount: 2 });
    const back = ["both of them", "mine 1", "mine 22", `${repositoryName} v1`, `${repositoryName} v2`];
    expect(await bytes()).toBe(back.join("").length);
  });

  test("shows pages, of images with and without tags, and single images", async () => {
    const pushed: Manifest[] = [];
    for (const tag of ["v1", "v2", "v3", "v4"]) pushed.push(await push(repositoryName, tag, tag));
    await push(repositoryName, "keep", "keep");
    await api.ask("BatchGetImage", { repositoryName, imageIds: [{ imageTag: "keep" }] });
    const untagged = await push(repositoryName, "gone", "gone");
    await berth.fetch(`/v2/${repositoryName}/manifests/gone`, { method: "DELETE" });
    await rowsOf(berth, "UPDATE manifests SET pushed_at = pushed_at - interval '9 days'");
    await start(policyText(rule(1, patterns("keep")), rule(2, older(5))).padEnd(120, " "));
    const digests = ({ previewResults }: Preview): readonly string[] =>
      (previewResults ?? []).map(({ imageDigest }) => imageDigest);
    const all = [...pushed, untagged].map(({ digest }) => digest);
    expect(digests(await get())).toEqual(all);
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await get({ maxResults: 2, nextToken });
      found.push(...digests(page));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(found).toEqual(all);
    expect(digests(await get({ filter: { tagStatus: "TAGGED" } }))).toEqual(all.slice(0, 4));
    const ofUntagged = await get({ filter: { tagStatus: "UNTAGGED" } });
    expect(ofUntagged.previewResults).toMatchObject([{ imageDigest: untagged.digest, imageTags: [] }]);
    const imageIds = [{ imageTag: "v3" }, { imageDigest: untagged.digest }, { imageTag: "keep" }];
    expect(digests(await get({ imageIds }))).toEqual([pushed[2]?.digest, untagged.digest]);
    expect(digests(await get({ imageIds, filter: { tagStatus: "TAGGED" } }))).toEqual([pushed[2]?.digest]);
    const { nextToken: token } = await get({ maxResults: 1 });
    const elsewhere = { repositoryName, nextToken: token, filter: { tagStatus: "TAGGED" } };
    expect((await api.refused("GetLifecyclePolicyPreview", elsewhere))[0]).toBe("InvalidParameterException");
  });

  test("is shown for a day", async () => {
    await push(repositoryName, "v1", "a");
    await start(KEEP_ONE);
    await age("started_at = now() - interval '23 hours 59 minutes'");
    expect((await get()).status).toBe("COMPLETE");
    await age("started_at = now() - interval '24 hours 1 minute'");
    expect(await get()).toEqual({
      ...{ registryId: "000000000000", repositoryName, lifecyclePolicyText: KEEP_ONE, status: "EXPIRED" },
    });
  });

  test("that is old leaves nothing behind but that it was", async () => {
    await push(repositoryName, "v1", "a");
    await push(repositoryName, "v2", "b");
    await start(KEEP_ONE);
    await rowsOf(berth, "UPDATE lifecycle_previews SET has_results = false");
    await age("has_results = true");
    const previews = postgresPreviews(berth.database);
    const soon = new Date(Date.now() + 60_000);
    expect(await previews.trim(new Date(Date.now() - 60_000), 10)).toBe(0);
    expect(await previews.trim(soon, 1)).toBe(1);
    expect(await previews.trim(soon, 1)).toBe(0);
    expect((await get()).previewResults).toEqual([]);
    expect(await rowsOf(berth, "SELECT 1 FROM lifecycle_previews WHERE has_results")).toEqual([]);
  });

  test("that is the oldest gives its images up first", async () => {
    await rowsOf(berth, "UPDATE lifecycle_previews SET has_results = false");
    const names = [repositoryName, `${repositoryName}/older`];
    await createRepository(berth, `${repositoryName}/older`);
    for (const [hours, name] of names.entries()) {
      for (const tag of ["v1", "v2"]) await push(name, tag, tag);
      await api.ask("StartLifecyclePolicyPreview", { repositoryName: name, lifecyclePolicyText: KEEP_ONE });
      await vi.waitFor(async () =>
        expect(await api.ask("GetLifecyclePolicyPreview", { repositoryName: name })).toMatchObject({
          previewResults: [{ imageTags: ["v1"] }],
        }),
      );
      await rowsOf(
        berth,
        `UPDATE lifecycle_previews SET has_results = true, started_at = started_at - make_interval(hours => $2)
          WHERE repository_id = (SELECT id FROM repositories WHERE name = $1)`,
        [name, hours],
      );
    }
    expect(await postgresPreviews(berth.database).trim(new Date(Date.now() + 60_000), 10)).toBe(1);
    const left = await Promise.all(
      names.map(
        async (name) =>
          (await api.ask<Preview>("GetLifecyclePolicyPreview", { repositoryName: name })).previewResults,
      ),
    );
    expect(left.map((results) => results?.length)).toEqual([1, 0]);
  });

  test("that is under way cannot be started again, until it is given up", async () => {
    await start(KEEP_ONE);
    await age("status = 'IN_PROGRESS', alive_until = now() + interval '1 minute'");
    expect(await get()).not.toHaveProperty("previewResults");
    expect((await get()).status).toBe("IN_PROGRESS");
    const again = { repositoryName, lifecyclePolicyText: KEEP_ONE };
    expect(await api.refused("StartLifecyclePolicyPreview", again)).toEqual([
      "LifecyclePolicyPreviewInProgressException",
      `A lifecycle policy preview is in progress for the repository with name '${repositoryName}' in the registry with id '000000000000'`,
    ]);
    await age("alive_until = now()");
    expect((await get()).status).toBe("FAILED");
    await start(KEEP_ONE);
    expect((await get()).status).toBe("COMPLETE");
  });

  test("of a stored text that cannot be read fails", async () => {
    await rowsOf(
      berth,
      "INSERT INTO lifecycle_policies (repository_id, document, updated_at, due_at) SELECT id, '?', now(), now() + interval '1 day' FROM repositories WHERE name = $1",
      [repositoryName],
    );
    expect(await start()).toMatchObject({ lifecyclePolicyText: "?" });
    expect((await get()).status).toBe("FAILED");
  });
});

describe("refusals", () => {
  test("no preview was started", async () => {
    expect(await api.refused("GetLifecyclePolicyPreview", { repositoryName })).toEqual([
      "LifecyclePolicyPreviewNotFoundException",
      `Lifecycle policy preview does not exist for the repository with name '${repositoryName}' in the registry with id '000000000000'`,
    ]);
  });

  test("there is no policy to preview", async () => {
    expect((await api.refused("StartLifecyclePolicyPreview", { repositoryName }))[0]).toBe(
      "LifecyclePolicyNotFoundException",
    );
  });

  test("the text is no policy", async () => {
    expect(
      await api.refused("StartLifecyclePolicyPreview", {
        repositoryName,
        lifecyclePolicyText: "x".repeat(100),
      }),
    ).toEqual(
      invalid(
        "LifecyclePolicyText",
        "Lifecycle policy validation failure: Could not map policyString into LifecyclePolicy.",
      ),
    );
  });

  test.each(["StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"] as const)(
    "%s of a repository that is missing",
    async (operation) => {
      expect((await api.refused(operation, { repositoryName: "zz" }))[0]).toBe("RepositoryNotFoundException");
    },
  );

  test("a page and single images, or more than a page may have", async () => {
    const imageIds = [{ imageTag: "v1" }];
    const refused = (input: object) => api.refused("GetLifecyclePolicyPreview", { repositoryName, ...input });
    expect(await refused({ imageIds, maxResults: 5 })).toEqual(
      invalid("maxResults", "Member must be null when 'imageIds' is given"),
    );
    expect(await refused({ maxResults: 101 })).toEqual(
      invalid("maxResults", "Member must have value less than or equal to 100"),
    );
  });
});
