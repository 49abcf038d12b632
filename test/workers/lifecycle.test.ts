import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresOrphans } from "../../src/adapters/postgres/lifecycle/orphans.ts";
import { ORPHAN_GRACE, removeOrphans } from "../../src/lifecycle/orphans.ts";
import { getLifecyclePolicy } from "../../src/lifecycle/policies.ts";
import { LEASE } from "../../src/lifecycle/run.ts";
import { deleteManifest } from "../../src/registry/manifests/delete.ts";
import { parseReference } from "../../src/registry/manifests/pull.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import { draftRepository } from "../../src/registry/repositories/create.ts";
import { older, policyText, prefixes, rule, TO_ARCHIVE } from "../lifecycle/builders.ts";
import { CAUSE } from "../support/cause.ts";
import { HOUR, MINUTE } from "../support/clock.ts";
import { done, TestLifecycle } from "../support/lifecycle.ts";
import { digestOfText, entry, image, index, type Manifest } from "../support/manifests.ts";
import { openTestRegistry } from "../support/registry.ts";
import { rowsOf } from "../support/rows.ts";

const registry = await openTestRegistry();
afterAll(() => registry.close());
const { clock, ports, scope, database } = registry;
const lifecycle = new TestLifecycle(registry);

let count = 0;
let name = "";
beforeEach(async () => {
  await rowsOf(registry, "DELETE FROM lifecycle_policies");
  await rowsOf(registry, "DELETE FROM gc_referrer_queue");
  name = `lifecycle/${++count}`;
});

/** Digests of what the repository holds, with their tags. */
async function held(): Promise<Readonly<Record<string, readonly string[]>>> {
  const rows = await rowsOf<{ digest: string; tags: readonly string[] }>(
    registry,
    `SELECT digest_text(m.digest) AS digest, ARRAY(SELECT t.name FROM tags t
        WHERE t.repository_id = m.repository_id AND t.manifest_id = m.id ORDER BY t.name) AS tags
      FROM manifests m JOIN repositories r ON r.id = m.repository_id WHERE r.name = $1 AND r.deleted_at IS NULL`,
    [name],
  );
  return Object.fromEntries(rows.map(({ digest, tags }) => [digest, tags]));
}

async function expectHeld(...manifests: readonly Manifest[]): Promise<void> {
  expect(Object.keys(await held()).toSorted()).toEqual(manifests.map(({ digest }) => digest).toSorted());
}

async function pushImages(...tags: readonly string[]): Promise<readonly Manifest[]> {
  const pushed: Manifest[] = [];
  for (const tag of tags) {
    pushed.push(await registry.pushImage(name, `${name} ${tag}`, tag));
    clock.advance(MINUTE);
  }
  return pushed;
}

async function pushReferrer(subject: Manifest, what: string, tag?: string): Promise<Manifest> {
  const config = JSON.stringify({ what, subject: subject.digest });
  await registry.pushBlob(name, config);
  const descriptor = { ...entry(subject), annotations: {} };
  return registry.pushManifest(name, image(config, [], { subject: descriptor }), tag);
}

const remove = (digest: string): Promise<unknown> =>
  deleteManifest(ports, scope, parseRepositoryName(name), parseReference(digest), CAUSE);
const stored = () => getLifecyclePolicy(lifecycle.ports, scope, parseRepositoryName(name));

describe("a policy", () => {
  test("is carried out once it is set, and then each interval", async () => {
    const [, , three] = await pushImages("v1", "v2", "v3");
    await lifecycle.put(name, rule(1, {}));
    expect((await stored()).evaluatedAt).toBeUndefined();
    const first = clock.now();
    expect(await lifecycle.run()).toEqual(done(2));
    await expectHeld(three as Manifest);
    expect((await stored()).evaluatedAt).toEqual(first);
    expect(await lifecycle.run()).toBeUndefined();
    const [four] = await pushImages("v4");
    clock.advance(HOUR - 2 * MINUTE);
    expect(await lifecycle.run()).toBeUndefined();
    clock.advance(MINUTE);
    expect(await lifecycle.run()).toEqual(done(1));
    await expectHeld(four as Manifest);
  });

  test("that is replaced is due at once, and has not been evaluated", async () => {
    await pushImages("v1", "w1");
    await lifecycle.put(name, rule(1, { countNumber: 9 }));
    expect(await lifecycle.run()).toEqual(done(0));
    await lifecycle.put(name, rule(1, { ...prefixes("v"), ...older(1) }));
    expect((await stored()).evaluatedAt).toBeUndefined();
    clock.advance(25 * HOUR);
    expect(await lifecycle.run()).toEqual(done(1));
    expect(Object.values(await held())).toEqual([["w1"]]);
  });

  test("that cannot be read does nothing, and is tried again after an interval", async () => {
    await pushImages("v1", "v2");
    await lifecycle.put(name, rule(1, {}));
    await rowsOf(registry, "UPDATE lifecycle_policies SET document = '{\"rules\": 7}'");
    expect(await lifecycle.run()).toEqual(done(0, { outcome: "unreadable" }));
    expect(Object.values(await held())).toHaveLength(2);
    expect((await stored()).evaluatedAt).toBeUndefined();
    expect(await lifecycle.run()).toBeUndefined();
    clock.advance(HOUR);
    expect(await lifecycle.run()).toMatchObject({ outcome: "unreadable" });
  });

  test("of which transitions have no effect yet says how many there would be", async () => {
    await pushImages("v1", "v2", "v3");
    await lifecycle.put(name, rule(1, {}, TO_ARCHIVE));
    expect(await lifecycle.run()).toEqual(done(0, { transitions: 2 }));
    expect(Object.values(await held())).toHaveLength(3);
  });

  test("of several that are due goes by who has waited longest", async () => {
    await pushImages("v1", "v2");
    await lifecycle.put(name, rule(1, {}));
    const first = name;
    clock.advance(MINUTE);
    name = `${first}/other`;
    await pushImages("v1");
    await lifecycle.put(name, rule(1, {}));
    expect(await lifecycle.run()).toEqual(done(1));
    expect(await lifecycle.run()).toEqual(done(0));
    expect(await lifecycle.run()).toBeUndefined();
  });

  test("is left to the next node by one that ends, and completed by it", async () => {
    await pushImages("v1", "v2", "v3", "v4");
    await lifecycle.put(name, rule(1, {}));
    let asked = 0;
    expect(await lifecycle.run({ isStopping: () => ++asked > 2 })).toEqual(done(2, { outcome: "stopped" }));
    expect((await stored()).evaluatedAt).toBeUndefined();
    expect(await lifecycle.run()).toEqual(done(1));
  });

  test("is taken over from a node that died once its lease has run out", async () => {
    await pushImages("v1", "v2");
    await lifecycle.put(name, rule(1, {}));
    const until = new Date(clock.now().getTime() + LEASE);
    expect(await lifecycle.ports.runs.claim(crypto.randomUUID(), clock.now(), until)).toMatchObject({ name });
    expect(await lifecycle.run()).toBeUndefined();
    clock.advance(LEASE);
    expect(await lifecycle.run()).toEqual(done(1));
  });

  test("shows signs of life while it takes long, so that nobody takes it over", async () => {
    await pushImages("v1", "v2", "v3", "v4", "v5");
    await lifecycle.put(name, rule(1, {}));
    const others: unknown[] = [];
    const { runs } = lifecycle.ports;
    const slow = {
      ...runs,
      async remove(...args: Parameters<typeof runs.remove>) {
        clock.advance(50_000);
        others.push(await runs.claim(crypto.randomUUID(), clock.now(), clock.now()));
        return runs.remove(...args);
      },
    };
    const other = new TestLifecycle(registry);
    Object.assign(other.ports, { runs: slow });
    expect(await other.run()).toEqual(done(4));
    expect(others).toEqual([undefined, undefined, undefined, undefined]);
  });
});

test("a policy that somebody sets keeps a repository of which nothing came, one of its template does not", async () => {
  const policies = { repositoryPolicy: undefined, lifecyclePolicy: policyText(rule(1, {})) };
  for (const [setter, kept] of [
    [async () => undefined, false],
    [() => lifecycle.put(name, rule(1, {})), true],
  ] as const) {
    const draft = { ...draftRepository({ name }), provisional: true };
    const made = await ports.repositories.createWithPolicies(scope, draft, policies, CAUSE, clock.now());
    if ("missing" in made) throw new Error("the policy names nobody");
    expect((await stored()).text).toBe(policies.lifecyclePolicy);
    await setter();
    await ports.repositories.discard(made.repository.id, CAUSE, clock.now());
    expect((await ports.repositories.find(scope, draft.name)) !== undefined).toBe(kept);
  }
});

describe("an image that goes", () => {
  test("leaves a record of the shape of CloudTrail's event, and tells others by which rule it went", async () => {
    const [one] = await pushImages("v1", "v2");
    const digest = one?.digest;
    const pushed = clock.now().getTime() - 2 * MINUTE;
    await lifecycle.put(name, rule(7, prefixes("v"), { description: "one of each" }));
    expect(await lifecycle.run()).toEqual(done(1));
    const [policy] = await rowsOf<{ policy_id: string }>(
      registry,
      "SELECT policy_id FROM lifecycle_policies",
    );
    const by = { policyId: policy?.policy_id, policyVersion: 1, rulePriority: 7 };
    const [record] = await rowsOf(
      registry,
      "SELECT action, principal, account_id, resource, detail FROM audit_log WHERE action = 'ecr:PolicyExecutionEvent' ORDER BY id DESC LIMIT 1",
    );
    expect(record).toMatchObject({
      ...{ action: "ecr:PolicyExecutionEvent", principal: "berth", account_id: "000000000000" },
      resource: `arn:aws:ecr:us-east-1:000000000000:repository/${name}`,
      detail: {
        ...{ digest, tags: ["v1"], lifecycle: by },
        parameters: {
          serviceEventDetails: {
            repositoryName: name,
            lifecycleEventPolicy: {
              lifecycleEventRules: [
                {
                  ...{ rulePriority: 7, description: "one of each", action: "expire" },
                  lifecycleEventSelection: {
                    ...{ tagStatus: "Tagged", tagPrefixList: ["v"] },
                    ...{ countType: "Image count more than", countNumber: 1 },
                  },
                },
              ],
              ...{ lastEvaluatedAt: 0, policyVersion: 1, policyId: by.policyId },
            },
            lifecycleEventImageActions: [
              {
                lifecycleEventImage: { digest, tagStatus: "Tagged", tagList: ["v1"], pushedAt: pushed },
                rulePriority: 7,
              },
            ],
          },
        },
      },
    });
    const [event] = await rowsOf(registry, "SELECT kind, detail FROM outbox ORDER BY id DESC LIMIT 1");
    expect(event).toMatchObject({
      kind: "image.delete",
      detail: { repository: name, principal: "berth", digest, tags: ["v1"], lifecycle: by },
    });
    expect(event).not.toHaveProperty("detail.parameters");
  });

  test("takes its index, children and referrers along", async () => {
    const [arm, amd] = await pushImages("arm", "amd");
    for (const tag of ["arm", "amd"]) await remove(tag);
    const list = index([entry(arm as Manifest), entry(amd as Manifest)]);
    await registry.pushManifest(name, list, "v1");
    await pushReferrer(list, "signature");
    await pushReferrer(arm as Manifest, "sbom");
    clock.advance(MINUTE);
    const [two] = await pushImages("v2");
    await lifecycle.put(name, rule(1, { tagStatus: "untagged" }));
    expect(await lifecycle.run()).toEqual(done(0));
    await lifecycle.put(name, rule(1, {}));
    expect(await lifecycle.run()).toEqual(done(5));
    await expectHeld(two as Manifest);
  });

  test("leaves them in ECR's reading, where each is an image by itself once it goes", async () => {
    const [arm] = await pushImages("arm");
    await remove("arm");
    const list = index([entry(arm as Manifest)]);
    await registry.pushManifest(name, list, "v1");
    clock.advance(MINUTE);
    const [two] = await pushImages("v2");
    await lifecycle.put(name, rule(1, {}));
    expect(await lifecycle.run({ unit: "strict" })).toEqual(done(1));
    await expectHeld(arm as Manifest, two as Manifest);
    clock.advance(HOUR);
    expect(await lifecycle.run({ unit: "strict" })).toEqual(done(1));
    await expectHeld(two as Manifest);
  });
});

describe("what refers to a manifest that was deleted", () => {
  const orphans = { orphans: postgresOrphans(database), clock };
  const clean = async (): Promise<number> => (await removeOrphans(orphans, () => false)).removed;
  /** Time goes by, and the tasks have seen it begin. */
  const pass = async (milliseconds: number): Promise<number> => {
    const before = await clean();
    clock.advance(milliseconds);
    return before + (await clean());
  };

  test("goes within a day, and not before its subject had time to come back", async () => {
    const [one, two] = await pushImages("v1", "v2");
    const signature = await pushReferrer(one as Manifest, "signature");
    const other = await pushReferrer(two as Manifest, "other");
    await remove((one as Manifest).digest);
    expect(await pass(ORPHAN_GRACE - 1)).toBe(0);
    await expectHeld(two as Manifest, signature, other);
    expect(await pass(1)).toBe(1);
    await expectHeld(two as Manifest, other);
    const [record] = await rowsOf(registry, "SELECT detail FROM audit_log ORDER BY id DESC LIMIT 1");
    expect(record).toMatchObject({
      detail: {
        ...{ digest: signature.digest, tags: [] },
        parameters: { because: "the manifest that it refers to was deleted" },
      },
    });
  });

  test("goes with what refers to it in turn", async () => {
    const [one] = await pushImages("v1");
    const sbom = await pushReferrer(one as Manifest, "sbom");
    await pushReferrer(sbom, "signature of the sbom");
    await remove((one as Manifest).digest);
    expect(await pass(ORPHAN_GRACE)).toBe(1);
    expect(await pass(ORPHAN_GRACE)).toBe(1);
    await expectHeld();
  });

  test("stays when its subject comes back", async () => {
    const [one] = await pushImages("v1");
    const signature = await pushReferrer(one as Manifest, "signature");
    await remove((one as Manifest).digest);
    await clean();
    await registry.pushManifest(name, one as Manifest, "v1");
    expect(await pass(ORPHAN_GRACE)).toBe(0);
    await expectHeld(one as Manifest, signature);
    expect(await rowsOf(registry, "SELECT 1 FROM gc_referrer_queue")).toEqual([]);
  });

  test("stays when it has a tag, or when an index lists it", async () => {
    const [one] = await pushImages("v1");
    const tagged = await pushReferrer(one as Manifest, "tagged", "keep");
    const listed = await pushReferrer(one as Manifest, "listed");
    const list = await registry.pushManifest(name, index([entry(listed)]), "list");
    await remove((one as Manifest).digest);
    expect(await pass(ORPHAN_GRACE)).toBe(0);
    await expectHeld(tagged, listed, list);
    await remove("keep");
    expect(await pass(ORPHAN_GRACE)).toBe(1);
  });

  test("stays for as long as a lifecycle policy decides about untagged images", async () => {
    const [one] = await pushImages("v1");
    const signature = await pushReferrer(one as Manifest, "signature");
    await remove((one as Manifest).digest);
    await lifecycle.put(name, rule(1, { tagStatus: "untagged", ...older(3) }));
    expect(await pass(ORPHAN_GRACE)).toBe(0);
    await expectHeld(signature);
    await lifecycle.put(name, rule(1, prefixes("v")));
    expect(await pass(ORPHAN_GRACE)).toBe(1);
  });

  test("stays under a policy that cannot be read", async () => {
    const [one] = await pushImages("v1");
    await pushReferrer(one as Manifest, "signature");
    await remove((one as Manifest).digest);
    await lifecycle.put(name, rule(1, prefixes("v")));
    await rowsOf(registry, "UPDATE lifecycle_policies SET document = '?'");
    expect(await pass(ORPHAN_GRACE)).toBe(0);
  });

  test("stays where its subject never was", async () => {
    const never = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: digestOfText("x"),
      size: 1,
    };
    await registry.pushBlob(name, "{}");
    const orphan = await registry.pushManifest(name, image("{}", [], { subject: never }));
    expect(await pass(2 * ORPHAN_GRACE)).toBe(0);
    await expectHeld(orphan);
  });

  test("goes with its repository when that is deleted", async () => {
    const [one] = await pushImages("v1");
    await pushReferrer(one as Manifest, "signature");
    await remove((one as Manifest).digest);
    await ports.repositories.delete(scope, parseRepositoryName(name), {
      force: true,
      cause: CAUSE,
      at: clock.now(),
    });
    expect(await pass(ORPHAN_GRACE)).toBe(0);
    await registry.settle();
    expect(await rowsOf(registry, "SELECT 1 FROM gc_referrer_queue")).toEqual([]);
  });
});
