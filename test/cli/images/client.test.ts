import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../../src/cli/images/client/challenge.ts";
import { dockerArchive, LayoutBuilder, tarOf } from "../../support/image-tars.ts";
import { basicHeader } from "../../support/memory-registry.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();

async function importApp(...options: string[]) {
  const layout = new LayoutBuilder();
  const tar = await layout.root(await layout.image("app")).tar();
  await writeFile(harness.path("app.tar"), tar);
  return harness.import([...options, harness.path("app.tar"), `${harness.registry.host}/app:1`]);
}

describe("the registry client", () => {
  it("reads challenges", () => {
    expect(parseChallenges('Basic realm="a, b=\\"c\\"", Bearer realm="https://r/t",service=s')).toEqual([
      { scheme: "basic", parameters: { realm: 'a, b="c"' } },
      { scheme: "bearer", parameters: { realm: "https://r/t", service: "s" } },
    ]);
    expect(parseChallenges("")).toEqual([]);
  });

  it("answers a Basic challenge, and sends no password before", async () => {
    harness.registry.basic = "KEY:secret";
    Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "KEY", BERTH_SECRET_ACCESS_KEY: "secret" });
    expect((await importApp()).code).toBe(0);
    const [first, ...rest] = harness.registry.seen.map(({ authorization }) => authorization);
    expect(first).toBeUndefined();
    expect(new Set(rest)).toEqual(new Set([basicHeader("KEY:secret")]));
  });

  it("answers a Bearer challenge with a token for the repository", async () => {
    harness.registry.basic = "KEY:secret";
    harness.registry.bearer = "abc.def";
    Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "KEY", BERTH_SECRET_ACCESS_KEY: "secret" });
    expect((await importApp()).code).toBe(0);
    const [token] = harness.registry.seen.filter(({ path }) => path.startsWith("/token"));
    expect(token?.path).toBe("/token?service=test&scope=repository%3Aapp%3Apull%2Cpush");
    expect(harness.registry.seen.at(-1)?.authorization).toBe("Bearer abc.def");
  });

  it("says which credentials it looks for, and shows none", async () => {
    harness.registry.basic = "KEY:right";
    expect((await importApp()).errors).toMatch(/answered 401 .*BERTH_ACCESS_KEY_ID/);
    Object.assign(harness.env, { BERTH_ACCESS_KEY_ID: "KEY", BERTH_SECRET_ACCESS_KEY: "wrong-one" });
    const wrong = await importApp();
    expect(wrong.code).toBe(1);
    expect(wrong.errors).not.toContain("wrong-one");
  });

  it("repeats GET and HEAD twice, and nothing else", async () => {
    harness.registry.faults = [
      { on: /^HEAD/, times: 1, status: 503, headers: { "Retry-After": "0" } },
      { on: /^HEAD/, times: 1, cut: true },
    ];
    expect((await importApp()).code).toBe(0);
    harness.registry.blobs.clear();
    harness.registry.faults = [{ on: /^POST/, status: 503, code: "UNAVAILABLE", message: "later" }];
    harness.registry.seen.length = 0;
    const ran = await importApp();
    expect(ran.errors).toMatch(/answered 503 to the start of an upload: UNAVAILABLE: later/);
    expect(harness.registry.count(/^POST/)).toBe(1);
  });

  it("gives up after the third failure", async () => {
    harness.registry.faults = [{ on: /^HEAD/, status: 500, headers: { "Retry-After": "0" } }];
    expect((await importApp()).errors).toMatch(/answered 500 to the HEAD of the blob/);
    expect(harness.registry.count(/^HEAD/)).toBe(3);
  });

  it("shows a refusal that comes while a large layer is on its way", async () => {
    harness.registry.faults = [
      { on: /^PATCH/, status: 413, code: "SIZE_INVALID", message: "too\x1b[31m large" },
    ];
    const { items } = await dockerArchive("big:1", ["tar"]);
    const big = items.map((item) =>
      item.name.endsWith("layer.tar") ? { ...item, bytes: Buffer.alloc(40_000_000) } : item,
    );
    const ran = await harness.import(["-", `${harness.registry.host}/app:1`], await tarOf(big));
    expect(ran.errors).toMatch(/answered 413 to the upload of a blob: SIZE_INVALID: too \[31m large/);
  });

  it("shows a refusal of the tag", async () => {
    harness.registry.faults = [
      { on: /^PUT .*manifests\/1/, status: 400, code: "TAG_INVALID", message: "immutable" },
    ];
    expect((await importApp()).errors).toMatch(
      /answered 400 to the PUT of the manifest 1: TAG_INVALID: immutable/,
    );
  });

  it("says when nobody is there", async () => {
    const { host } = harness.registry;
    await harness.registry.close();
    expect((await importApp()).errors).toMatch(new RegExp(`cannot talk to ${host}: .*ECONNREFUSED`));
    await harness.registry.listen();
  });

  it("uses HTTP elsewhere than on this machine only when told to", async () => {
    const ran = await harness.export(["registry.invalid:1/app:1", harness.path("x.tar")]);
    expect(ran.errors).toMatch(/cannot talk to registry.invalid:1/);
    expect((await importApp("--plain-http")).code).toBe(0);
  });
});
