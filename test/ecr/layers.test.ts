import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTestHome, startTestBerth, type TestBerth, type TestHome } from "../support/berth.ts";
import { HOUR, MINUTE } from "../support/clock.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { blob, digestOfText, image, index, OCI_CONFIG, OCI_LAYER } from "../support/manifests.ts";
import { createRepository, pushBlob, pushManifest } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { layerClient, STORAGES, storageEnv } from "./support/layers.ts";

const ACCOUNT = "000000000000";
const REPOSITORY = "layers/pulled";
const unknown = {
  __type: "RepositoryNotFoundException",
  message: `The repository with name 'layers/absent' does not exist in the registry with id '${ACCOUNT}'`,
};

/** Larger than what is kept in memory. */
const CONTENT = randomBytes(300_000);
const LAYER = digestOfText(CONTENT);

describe.each(STORAGES)("on %s", (kind) => {
  // Whoever signs goes by the time that it is.
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  let [home, berth, other] = [] as unknown as [TestHome, TestBerth, TestBerth];
  let storage: Awaited<ReturnType<typeof storageEnv>>;
  let client: ReturnType<typeof layerClient>;
  beforeAll(async () => {
    storage = await storageEnv(kind);
    home = await makeTestHome({ BERTH_ACCOUNT_ID: ACCOUNT, ...storage.env });
    berth = await startTestBerth({ home, clock, shared: true });
    other = await startTestBerth({ home, clock, shared: true });
    client = layerClient(berth, REPOSITORY);
    await createRepository(berth, REPOSITORY);
    await client.upload([CONTENT], [LAYER]);
    await pushBlob(berth, REPOSITORY, "{}");
    const layer = { mediaType: OCI_LAYER, digest: LAYER, size: CONTENT.length };
    await pushManifest(berth, REPOSITORY, image("{}", [layer]), "v1");
  });
  afterAll(async () => {
    await Promise.all([berth.stop(), other.stop()]);
    await home.remove();
    await storage.close();
  });
  const isPresigned = kind === "S3 that clients reach";

  describe("GetDownloadUrlForLayer", () => {
    const urlOf = async (digest: string, of = client): Promise<URL> => {
      const output = await of.ask("GetDownloadUrlForLayer", { layerDigest: digest });
      expect(output).toEqual({ layerDigest: digest, downloadUrl: expect.any(String) });
      return new URL(output["downloadUrl"] as string);
    };
    const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

    test("is refused for a layer that no image names yet", async () => {
      const layer = "only uploaded";
      const layerDigest = await pushBlob(berth, REPOSITORY, layer);
      expect(await client.refused("GetDownloadUrlForLayer", { layerDigest })).toEqual({
        __type: "LayerInaccessibleException",
        message: expect.stringContaining(layerDigest),
      });
      await pushManifest(berth, REPOSITORY, image("{}", [layer]), "named");
      await urlOf(layerDigest);
    });

    test("gives a URL that downloads without credentials, on every node, in pieces too", async () => {
      const url = await urlOf(LAYER);
      expect(url.origin).toBe(isPresigned ? storage.env["BERTH_S3_ENDPOINT"] : berth.url);
      const nodes = isPresigned ? [url] : [url, new URL(url.pathname + url.search, other.url)];
      for (const at of nodes) {
        const whole = await fetch(at);
        expect([whole.status, (await bytesOf(whole)).equals(CONTENT)]).toEqual([200, true]);
        const part = await fetch(at, { headers: { range: "bytes=10-299" } });
        expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 10-299/300000"]);
        expect((await bytesOf(part)).equals(CONTENT.subarray(10, 300))).toBe(true);
      }
    });

    test("gives one for a config, too", async () => {
      const answer = await fetch(await urlOf(digestOfText("{}")));
      expect(await answer.text()).toBe("{}");
    });

    test.runIf(!isPresigned)("gives a URL that answers as the registry does", async () => {
      const url = await urlOf(LAYER);
      const head = await fetch(url, { method: "HEAD" });
      expect([
        head.status,
        head.headers.get("content-length"),
        head.headers.get("docker-content-digest"),
      ]).toEqual([200, "300000", LAYER]);
      const beyond = await fetch(url, { headers: { range: "bytes=300000-" } });
      expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */300000"]);
      const known = await fetch(url, { headers: { "if-none-match": `"${LAYER}"` } });
      expect(known.status).toBe(304);
      const written = await fetch(url, { method: "PUT", body: "x" });
      expect([written.status, written.headers.get("allow")]).toEqual([405, "GET, HEAD, OPTIONS"]);
    });

    test.runIf(!isPresigned)("gives a URL that is good for nothing else", async () => {
      const url = await urlOf(LAYER);
      const config = digestOfText("{}");
      const changed = (change: (changed: URL) => void): URL => {
        const copy = new URL(url);
        change(copy);
        return copy;
      };
      const flipped = (url.searchParams.get("signature") ?? "").replace(/^./, (c) => (c === "A" ? "B" : "A"));
      const forged = [
        changed((copy) => (copy.pathname = `/layers/${config}`)),
        changed((copy) => copy.searchParams.set("repository", "layers/other")),
        changed((copy) => copy.searchParams.set("account", "111111111111")),
        changed((copy) => copy.searchParams.set("region", "eu-north-1")),
        changed((copy) =>
          copy.searchParams.set("expires", String(Number(copy.searchParams.get("expires")) + 1)),
        ),
        changed((copy) => copy.searchParams.set("signature", flipped)),
        changed((copy) => copy.searchParams.set("signature", "")),
        changed((copy) => copy.searchParams.delete("signature")),
        changed((copy) => (copy.search = "")),
        changed((copy) => (copy.pathname = "/layers/")),
      ];
      for (const one of forged) {
        const answer = await fetch(one);
        expect([one.href, answer.status]).toEqual([one.href, 403]);
        expect(await answer.json()).toMatchObject({
          errors: [
            { code: "DENIED", message: expect.stringContaining("signature of this URL does not match") },
          ],
        });
      }
    });

    test.runIf(!isPresigned)("gives a URL that is over after 20 minutes", async () => {
      const url = await urlOf(LAYER);
      try {
        ahead = 19 * MINUTE;
        expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
        ahead = 20 * MINUTE;
        const answer = await fetch(url);
        expect(answer.status).toBe(403);
        expect(await answer.json()).toMatchObject({
          errors: [{ code: "DENIED", message: expect.stringContaining("has expired") }],
        });
      } finally {
        ahead = 0;
      }
    });

    test.runIf(!isPresigned)(
      "gives a URL that ends with the layer, and is logged without its signature",
      async () => {
        const name = "layers/ended";
        await createRepository(berth, name);
        const [config, layer] = ["{}", randomBytes(20).toString("hex")];
        for (const content of [config, layer]) await pushBlob(berth, name, content);
        await pushManifest(berth, name, image(config, [layer]), "v1");
        const url = await urlOf(digestOfText(layer), layerClient(berth, name));
        expect(await (await fetch(url)).text()).toBe(layer);
        await layerClient(berth, name).ask("DeleteRepository", { force: true });
        expect((await fetch(url)).status).toBe(404);
        const signature = url.searchParams.get("signature") ?? "";
        expect(JSON.stringify(berth.log)).not.toContain(signature);
      },
    );

    test("is refused for a layer, a repository, and a digest that is not there", async () => {
      const absent = { layerDigest: digestOfText("absent") };
      expect(await client.refused("GetDownloadUrlForLayer", absent)).toEqual({
        __type: "LayersNotFoundException",
        message: expect.stringContaining(absent.layerDigest),
      });
      // Another repository of the registry has it.
      await createRepository(berth, "layers/none");
      const none = layerClient(berth, "layers/none");
      expect(await none.refused("GetDownloadUrlForLayer", { layerDigest: LAYER })).toMatchObject({
        __type: "LayersNotFoundException",
      });
      const nowhere = layerClient(berth, "layers/absent");
      expect(await nowhere.refused("GetDownloadUrlForLayer", absent)).toEqual(unknown);
      expect(await client.refused("GetDownloadUrlForLayer", { layerDigest: "md5:ab" })).toMatchObject({
        __type: "InvalidParameterException",
        message: expect.stringContaining("'layerDigest'"),
      });
    });
  });

  describe.runIf(kind === "files")("BatchCheckLayerAvailability", () => {
    const check = (...layerDigests: readonly string[]) =>
      client.ask("BatchCheckLayerAvailability", { layerDigests });
    const there = (layerDigest: string, layerSize: number, mediaType?: string) => ({
      ...{ layerDigest, layerAvailability: "AVAILABLE", layerSize },
      ...(mediaType === undefined ? {} : { mediaType }),
    });
    const absent = (layerDigest: string) => ({ layerDigest, layerAvailability: "UNAVAILABLE" });

    test("tells size and type of layers and configs, as images name them", async () => {
      const [config, first, second] = ['{"a":1}', "first layer", "second layer"];
      for (const content of [config, first, second]) await pushBlob(berth, REPOSITORY, content);
      const type = "application/vnd.example.layer";
      // Postgres itself could not read such text.
      const annotations = { odd: "\u0000" };
      const typed = image(config, [blob(first, type), second], { annotations });
      await pushManifest(berth, REPOSITORY, typed, "typed");
      const digests = [second, config, first].map((content) => digestOfText(content));
      expect(await check(...digests, digests[0] as string)).toEqual({
        layers: [
          there(digests[0] as string, second.length, OCI_LAYER),
          there(digests[1] as string, config.length, OCI_CONFIG),
          there(digests[2] as string, first.length, type),
        ],
        failures: [],
      });
    });

    test("tells the type of a layer that an index lists", async () => {
      const content = "a cached layer";
      await pushBlob(berth, REPOSITORY, content);
      await pushManifest(berth, REPOSITORY, index([blob(content)]), "cache");
      const digest = digestOfText(content);
      expect((await check(digest))["layers"]).toEqual([there(digest, content.length, OCI_LAYER)]);
    });

    test("tells no type of a layer that no image, or a very large one alone, names", async () => {
      const [lone, large] = ["named by nothing", "named by much"];
      for (const content of [lone, large, "{}"]) await pushBlob(berth, REPOSITORY, content);
      const annotations = { much: "x".repeat(66_000) };
      await pushManifest(berth, REPOSITORY, image("{}", [large], { annotations }), "large");
      const digests = [lone, large].map((content) => digestOfText(content));
      expect((await check(...digests))["layers"]).toEqual([
        there(digests[0] as string, lone.length),
        there(digests[1] as string, large.length),
      ]);
    });

    test("tells what is not there, and what is no digest", async () => {
      const none = digestOfText("not there");
      const odd = ["md5:abcdef", "sha256:ABC", `SHA256:${"a".repeat(64)}`];
      await pushBlob(berth, "layers/elsewhere", "elsewhere");
      const elsewhere = digestOfText("elsewhere");
      expect(await check("", none, "sha256", elsewhere, ...odd, "sha256:xyz", LAYER)).toEqual({
        layers: [...[none, elsewhere, ...odd].map(absent), there(LAYER, 300_000, OCI_LAYER)],
        failures: [
          { layerDigest: "", failureCode: "MissingLayerDigest", failureReason: "The layer digest is empty" },
          ...["sha256", "sha256:xyz"].map((layerDigest) => ({
            layerDigest,
            failureCode: "InvalidLayerDigest",
            failureReason:
              "The layer digest must satisfy regular expression '[a-zA-Z0-9\\-_+.]+:[a-fA-F0-9]+'",
          })),
        ],
      });
    });

    test("asks one statement, and one for what they are, for a hundred digests", async () => {
      const digests = Array.from({ length: 99 }, (_, at) => digestOfText(`${at}`));
      const { layers } = await check(...digests, LAYER);
      expect((layers as unknown[]).at(-1)).toEqual(there(LAYER, 300_000, OCI_LAYER));
      expect(layers).toHaveLength(100);
      const tooMany = { layerDigests: [...digests, LAYER, digestOfText("one more")] };
      expect(await client.refused("BatchCheckLayerAvailability", tooMany)).toMatchObject({
        __type: "InvalidParameterException",
      });
    });

    test("lets a layer stay that somebody was told of, as a HEAD does", async () => {
      const content = "asked for before a push";
      await pushBlob(berth, REPOSITORY, content);
      const since = async (): Promise<unknown> =>
        rowsOf(
          berth,
          `SELECT q.since FROM gc_link_queue q JOIN blobs b ON b.id = q.blob_id
            WHERE encode(b.digest, 'hex') = $1`,
          [`01${digestOfText(content).slice(7)}`],
        );
      await rowsOf(
        berth,
        `UPDATE gc_link_queue q SET since = $2 FROM blobs b WHERE b.id = q.blob_id AND encode(b.digest, 'hex') = $1`,
        [`01${digestOfText(content).slice(7)}`, new Date(clock.now().getTime() - 24 * HOUR)],
      );
      await check(digestOfText(content));
      expect(await since()).toEqual([{ since: null }]);
    });

    test.each([[[LAYER]], [["md5:ab"]], [[""]]])(
      "of a repository that is not there: %j",
      async (layerDigests) => {
        const nowhere = layerClient(berth, "layers/absent");
        expect(await nowhere.refused("BatchCheckLayerAvailability", { layerDigests })).toEqual(unknown);
      },
    );
  });

  test.runIf(kind === "files")(
    "what docker pushes is described here, and what is made here docker pulls",
    async () => {
      const name = "layers/both";
      const [config, layer] = ["{}", "pushed by docker"];
      for (const content of [config, layer]) await pushBlob(berth, name, content);
      const both = layerClient(berth, name);
      const made = Buffer.from("made by the API");
      await both.upload([made], [digestOfText(made)]);
      await pushManifest(berth, name, index([]), "empty");
      await pushManifest(berth, name, image(config, [layer, made.toString()]), "v1");
      const digests = [layer, made].map((content) => digestOfText(content));
      const { layers } = await both.ask("BatchCheckLayerAvailability", { layerDigests: digests });
      expect(layers).toMatchObject(
        digests.map((layerDigest) => ({ layerDigest, layerAvailability: "AVAILABLE" })),
      );
      expectAnswer(await exchange(berth, { path: `/v2/${name}/blobs/${digests[1]}` }), {
        ...{ status: 200, content: made },
      });
    },
  );
});
