import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PART_MIN, PARTS_MAX } from "../../src/registry/uploads/parts.ts";
import { startTestBerth, type TestBerth } from "../support/berth.ts";
import { exchange, expectAnswer } from "../support/exchange.ts";
import { digestOfText } from "../support/manifests.ts";
import { createRepository, openSession, pushBlob } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { layerClient, STORAGES, storageEnv } from "./support/layers.ts";

const ACCOUNT = "000000000000";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const REPOSITORY = "layers/app";

const unknown = (repository: string) => ({
  __type: "RepositoryNotFoundException",
  message: `The repository with name '${repository}' does not exist in the registry with id '${ACCOUNT}'`,
});

describe.each(STORAGES.slice(0, 2))("on %s", (kind) => {
  let berth: TestBerth;
  let storage: Awaited<ReturnType<typeof storageEnv>>;
  let client: ReturnType<typeof layerClient>;
  let [content, digest] = [Buffer.alloc(0), ""];
  beforeAll(async () => {
    storage = await storageEnv(kind);
    berth = await startTestBerth({ env: { BERTH_ACCOUNT_ID: ACCOUNT, ...storage.env } });
    client = layerClient(berth, REPOSITORY);
    await createRepository(berth, REPOSITORY);
  });
  afterAll(async () => {
    await berth.stop();
    await storage.close();
  });
  const renew = (size = 100): void => {
    content = randomBytes(size);
    digest = digestOfText(content);
  };
  const pulled = async (): Promise<void> =>
    expectAnswer(await exchange(berth, { path: `/v2/${REPOSITORY}/blobs/${digest}` }), {
      status: 200,
      content,
    });
  const sessions = async (id: string): Promise<number> =>
    (await rowsOf(berth, "SELECT 1 FROM uploads WHERE id = $1", [id])).length;

  describe("a layer", () => {
    test("comes in parts, and is pulled as it was sent", async () => {
      renew(2 * PART_MIN + 12_345);
      const begun = await client.ask("InitiateLayerUpload");
      expect(begun).toEqual({ uploadId: expect.stringMatching(UUID), partSize: 10_485_760 });
      const uploadId = begun["uploadId"] as string;
      const named = { registryId: ACCOUNT, repositoryName: REPOSITORY, uploadId };
      for (let first = 0; first < content.length; first += PART_MIN) {
        const bytes = content.subarray(first, first + PART_MIN);
        expect(await client.ask("UploadLayerPart", client.part(uploadId, first, bytes))).toEqual({
          ...named,
          lastByteReceived: first + bytes.length - 1,
        });
      }
      const completed = await client.ask("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
      expect(completed).toEqual({ ...named, layerDigest: digest });
      await pulled();
      expect(await sessions(uploadId)).toBe(0);
    });

    test("may be named by digests of both algorithms, and is known by the first of SHA-256", async () => {
      renew();
      const wide = digestOfText(content, "sha512");
      const { layerDigest } = await client.upload([content], [wide, digest, wide, digest]);
      expect(layerDigest).toBe(digest);
      await pulled();
    });

    test("may be named by SHA-512 alone", async () => {
      renew();
      digest = digestOfText(content, "sha512");
      expect((await client.upload([content], [digest]))["layerDigest"]).toBe(digest);
      await pulled();
    });

    test("that this door begins goes on at the other one, and back", async () => {
      renew();
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content.subarray(0, 10)));
      const path = `/v2/${REPOSITORY}/blobs/uploads/${uploadId}`;
      const patch = { method: "PATCH", path, body: content.subarray(10, 30) };
      expectAnswer(await exchange(berth, patch), { status: 202, answers: { Range: "0-29" } });
      await client.ask("UploadLayerPart", client.part(uploadId, 30, content.subarray(30)));
      const text = "SELECT (parts->'count')::integer AS count FROM uploads WHERE id = $1";
      expect(await rowsOf(berth, text, [uploadId])).toEqual([{ count: 2 }]);
      // Neither what came by the other door nor what it followed is a part that is too small.
      await client.ask("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
      await pulled();
    });

    test("that the other door begins is completed by this one", async () => {
      renew();
      const session = await openSession(berth, REPOSITORY);
      expectAnswer(await exchange(berth, { method: "PATCH", path: session, body: content }), { status: 202 });
      const uploadId = session.split("/").at(-1)?.toUpperCase();
      const completed = await client.ask("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
      expect(completed).toMatchObject({ uploadId, layerDigest: digest });
      await pulled();
    });
  });

  describe("a part", () => {
    const invalid = (uploadId: string, last: number | undefined) => ({
      __type: "InvalidLayerPartException",
      message: expect.any(String),
      ...{ registryId: ACCOUNT, repositoryName: REPOSITORY, uploadId },
      ...(last === undefined ? {} : { lastValidByteReceived: last }),
    });

    test.each([
      ["leaves a gap", 1, undefined],
      ["has fewer bytes than its range", 0, { partLastByte: 100 }],
      ["has more bytes than its range", 0, { partLastByte: 98 }],
      ["ends before it begins", 50, { partLastByte: 49 }],
      ["has no bytes", 0, { layerPartBlob: "" }],
    ])("that %s is refused, and the upload stays usable", async (_, first, more) => {
      renew();
      const uploadId = await client.begin();
      const bad = client.part(uploadId, first, content, more);
      expect(await client.refused("UploadLayerPart", bad)).toEqual(invalid(uploadId, undefined));
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const second = client.part(uploadId, first + 150, content, more);
      expect(await client.refused("UploadLayerPart", second)).toEqual(invalid(uploadId, 99));
      await client.ask("CompleteLayerUpload", { uploadId, layerDigests: [digest] });
      await pulled();
    });

    test("that was accepted last may come again, with the same bytes", async () => {
      renew();
      const uploadId = await client.begin();
      const [one, two] = [content.subarray(0, 60), content.subarray(60)];
      const first = client.part(uploadId, 0, one);
      const second = client.part(uploadId, 60, two);
      await client.ask("UploadLayerPart", first);
      expect(await client.ask("UploadLayerPart", first)).toMatchObject({ lastByteReceived: 59 });
      await client.ask("UploadLayerPart", second);
      expect(await client.ask("UploadLayerPart", second)).toMatchObject({ lastByteReceived: 99 });
      const others = [
        first,
        client.part(uploadId, 60, Buffer.alloc(40)),
        client.part(uploadId, 61, two.subarray(1)),
        client.part(uploadId, 60, two.subarray(0, 39)),
      ];
      for (const other of others) {
        expect(await client.refused("UploadLayerPart", other)).toEqual(invalid(uploadId, 99));
      }
    });

    test("does not come again once other bytes are behind it", async () => {
      renew();
      const uploadId = await client.begin();
      const first = client.part(uploadId, 0, content);
      await client.ask("UploadLayerPart", first);
      const path = `/v2/${REPOSITORY}/blobs/uploads/${uploadId}`;
      await exchange(berth, { method: "PATCH", path, body: "more" });
      expect(await client.refused("UploadLayerPart", first)).toEqual(invalid(uploadId, 103));
    });

    test("is one too many after so many others", async () => {
      renew();
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const count = (to: number): Promise<unknown> =>
        rowsOf(berth, "UPDATE uploads SET parts = jsonb_set(parts, '{count}', $2) WHERE id = $1", [
          uploadId,
          to,
        ]);
      await count(PARTS_MAX - 1);
      await client.ask("UploadLayerPart", client.part(uploadId, 100, content));
      expect(await client.refused("UploadLayerPart", client.part(uploadId, 200, content))).toEqual({
        __type: "LimitExceededException",
        message: "an upload has at most 4200 parts",
      });
      // Nothing of it is there, and nobody has to take anything over.
      const [row] = await rowsOf(berth, "SELECT size, attempt_key FROM uploads WHERE id = $1", [uploadId]);
      expect(row).toEqual({ size: 200, attempt_key: null });
    });

    // In files the size would have to be true.
    test.runIf(kind === "S3")("beyond the size of a layer is one too many", async () => {
      renew();
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const almost = 52_000 * 1024 * 1024 - 10;
      await rowsOf(
        berth,
        `UPDATE uploads SET size = $2::bigint, content = jsonb_set(content, '{size}', to_jsonb($2::bigint)) WHERE id = $1`,
        [uploadId, almost],
      );
      expect(await client.refused("UploadLayerPart", client.part(uploadId, almost, content))).toEqual({
        __type: "LimitExceededException",
        message: "a blob has at most 54525952000 bytes",
      });
    });

    test("of an upload that nobody began here is refused, and so is its completion", async () => {
      renew();
      const [other, uploadId] = [layerClient(berth, "layers/other"), await client.begin()];
      await createRepository(berth, "layers/other");
      for (const [asked, id] of [
        [client, randomUUID()],
        [other, uploadId],
      ] as const) {
        const refusal = { __type: "UploadNotFoundException", message: expect.stringContaining(id) };
        expect(await asked.refused("UploadLayerPart", asked.part(id, 0, content))).toEqual(refusal);
        const complete = { uploadId: id, layerDigests: [digest] };
        expect(await asked.refused("CompleteLayerUpload", complete)).toEqual(refusal);
      }
    });
  });

  describe("a completion", () => {
    test("with a wrong digest drops the upload", async () => {
      renew();
      for (const wrong of [digestOfText("no"), digestOfText("no", "sha512")]) {
        for (const layerDigests of [[wrong], [wrong, digest], [digest, wrong]]) {
          const uploadId = await client.begin();
          await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
          expect(await client.refused("CompleteLayerUpload", { uploadId, layerDigests })).toEqual({
            __type: "InvalidLayerException",
            message: expect.stringContaining(wrong),
          });
          expect(await sessions(uploadId)).toBe(0);
        }
      }
      expectAnswer(await exchange(berth, { path: `/v2/${REPOSITORY}/blobs/${digest}` }), { status: 404 });
    });

    test("reads a layer back once for an algorithm, however many digests are named", async () => {
      renew();
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const readBack = async (): Promise<number> => {
        const text = await (await berth.fetch("/metrics")).text();
        return Number(/^berth_upload_read_back_total (\d+)$/m.exec(text)?.[1]);
      };
      const before = await readBack();
      const wide = Array.from({ length: 97 }, (_, at) => digestOfText(`no ${at}`, "sha512"));
      const layerDigests = [digest, digestOfText(content, "sha512"), ...wide];
      expect(await client.refused("CompleteLayerUpload", { uploadId, layerDigests })).toMatchObject({
        __type: "InvalidLayerException",
      });
      expect(await readBack()).toBe(before + 1);
    });

    test("without bytes is refused, and the upload goes on", async () => {
      renew();
      const uploadId = await client.begin();
      const complete = { uploadId, layerDigests: [digest] };
      expect(await client.refused("CompleteLayerUpload", complete)).toEqual({
        __type: "EmptyUploadException",
        message: `the upload ${uploadId} has no bytes yet`,
      });
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      await client.ask("CompleteLayerUpload", complete);
      await pulled();
    });

    test("of a layer that the repository has is refused, and drops the upload", async () => {
      renew();
      await pushBlob(berth, REPOSITORY, content);
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const complete = { uploadId, layerDigests: [digest] };
      expect(await client.refused("CompleteLayerUpload", complete)).toEqual({
        __type: "LayerAlreadyExistsException",
        message: `The layer with digest '${digest}' already exists in the repository with name '${REPOSITORY}' in registry with id '${ACCOUNT}'`,
      });
      expect(await sessions(uploadId)).toBe(0);
      await pulled();
    });

    test("of a layer that another repository has is none of that", async () => {
      renew();
      await pushBlob(berth, "layers/elsewhere", content);
      await client.upload([content], [digest]);
      await pulled();
    });

    test("again after a success whose answer was lost succeeds", async () => {
      renew();
      const uploadId = await client.begin();
      await client.ask("UploadLayerPart", client.part(uploadId, 0, content));
      const complete = { uploadId, layerDigests: [digest] };
      const completed = await client.ask("CompleteLayerUpload", complete);
      expect(await client.ask("CompleteLayerUpload", complete)).toEqual(completed);
      const other = { uploadId, layerDigests: [digestOfText("another")] };
      expect(await client.refused("CompleteLayerUpload", other)).toMatchObject({
        __type: "UploadNotFoundException",
      });
    });

    test.each([
      [[PART_MIN, 10], undefined],
      [[PART_MIN - 1, 10], "LayerPartTooSmallException"],
      [[10], undefined],
      [[PART_MIN, 10, PART_MIN], "LayerPartTooSmallException"],
    ])("of parts of %j bytes", async (sizes, refusal) => {
      const parts = sizes.map((size) => randomBytes(size));
      content = Buffer.concat(parts);
      digest = digestOfText(content);
      if (refusal === undefined) {
        await client.upload(parts, [digest]);
        await pulled();
        return;
      }
      const uploadId = await client.begin();
      let first = 0;
      for (const bytes of parts) {
        await client.ask("UploadLayerPart", client.part(uploadId, first, bytes));
        first += bytes.length;
      }
      expect(await client.refused("CompleteLayerUpload", { uploadId, layerDigests: [digest] })).toEqual({
        __type: refusal,
        message: "All layer parts except the last part should be at least 5MB",
      });
    });

    test.each([
      ["md5:d41d8cd98f00b204e9800998ecf8427e", "algorithm md5 is not supported; use sha256 or sha512"],
      ["sha256:abc", "sha256 needs 64 lower-case hexadecimal characters"],
    ])("with the digest %s is refused by the member", async (text, rule) => {
      const uploadId = await client.begin();
      const complete = { uploadId, layerDigests: [text] };
      expect(await client.refused("CompleteLayerUpload", complete)).toEqual({
        __type: "InvalidParameterException",
        message: `Invalid parameter at 'layerDigests' failed to satisfy constraint: 'Member must be a digest that layers have: ${rule}'`,
      });
    });
  });

  test.each([
    ["InitiateLayerUpload", {}],
    ["UploadLayerPart", layerClient({ url: "" }, "").part(randomUUID(), 0, Buffer.from("x"))],
    ["CompleteLayerUpload", { uploadId: randomUUID(), layerDigests: [digestOfText("x")] }],
  ])("%s of a repository that is not there", async (operation, input) => {
    const absent = layerClient(berth, "layers/absent");
    expect(await absent.refused(operation, input)).toEqual(unknown("layers/absent"));
    expect(await absent.refused(operation, { ...input, registryId: "999999999999" })).toMatchObject({
      __type: "AccessDeniedException",
    });
  });
});
