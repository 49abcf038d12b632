import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { loadModel } from "../../src/aws-models/model.ts";
import { ecrHandlers } from "../../src/http/aws/ecr/index.ts";
import { LATER } from "../../src/http/aws/ecr/later.ts";
import type { EcrPorts } from "../../src/http/aws/ecr/ports.ts";
import { ACCOUNT, callJson, REGION, startAwsServer } from "../http/aws/support/aws-server.ts";
import { ecrApiDocument, WORKING } from "./ecr-api/document.ts";
import { OTHERWISE, WITHOUT_EFFECT } from "./ecr-api/facts.ts";

const model = await loadModel("ecr");
const later = LATER.flatMap(({ lacks, operations }) =>
  operations.map((operation) => ({ operation, lacks, ...inputs()[operation] })),
);
const server = await startAwsServer({ handlers: { ecr: ecrHandlers({} as EcrPorts) } });
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.denied.clear();
  server.asked.length = 0;
});

/** For each operation that comes later an input that the model allows, one that it does not, and what it is about. */
function inputs(): Readonly<Record<string, { input: object; wrong: object; about: string }>> {
  const about = `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/team/app`;
  const image = { repositoryName: "team/app", imageId: { imageTag: "latest" } };
  const prefix = { ecrRepositoryPrefix: "docker-hub" };
  const id = { replicationBackfillId: "3f2504e0-4f89-11d3-9a0c-0305e82c3301" };
  const onAll = (input: object, wrong: object) => ({ input, wrong, about: "*" });
  const onImage = (input: object, wrong: object) => ({ input: { ...image, ...input }, wrong, about });
  return {
    PutReplicationConfiguration: onAll({ replicationConfiguration: { rules: [] } }, {}),
    DescribeImageReplicationStatus: onImage({}, {}),
    StartReplicationBackfill: onAll({ destination: { region: REGION, registryId: ACCOUNT } }, {}),
    StopReplicationBackfill: onAll(id, {}),
    ListReplicationBackfills: onAll({}, { maxResults: 0 }),
    DescribeReplicationBackfillResults: onAll(id, {}),
    CreatePullThroughCacheRule: onAll({ ...prefix, upstreamRegistryUrl: "registry-1.docker.io" }, {}),
    UpdatePullThroughCacheRule: onAll(prefix, {}),
    DeletePullThroughCacheRule: onAll(prefix, {}),
    DescribePullThroughCacheRules: onAll({}, { maxResults: 0 }),
    ValidatePullThroughCacheRule: onAll(prefix, {}),
    PutRegistryScanningConfiguration: onAll({ scanType: "BASIC", rules: [] }, { scanType: "NONE" }),
    GetRegistryScanningConfiguration: onAll({}, []),
    BatchGetRepositoryScanningConfiguration: { input: { repositoryNames: ["team/app"] }, wrong: {}, about },
    StartImageScan: onImage({}, {}),
    DescribeImageScanFindings: onImage({}, { ...image, maxResults: 0 }),
    PutSigningConfiguration: onAll({ signingConfiguration: { rules: [] } }, {}),
    GetSigningConfiguration: onAll({}, []),
    DeleteSigningConfiguration: onAll({}, []),
    DescribeImageSigningStatus: onImage({}, {}),
    UpdateImageStorageClass: onImage({ targetStorageClass: "ARCHIVE" }, image),
  };
}

test("`npm run docs` writes docs/ecr-api.md from what is there", async () => {
  await expect(ecrApiDocument()).toMatchFileSnapshot("../../docs/ecr-api.md");
});

test("an operation works or comes later, and is one of the model", () => {
  const named = [...WORKING, ...later.map(({ operation }) => operation)];
  expect(named.filter((name, at) => named.indexOf(name) !== at)).toEqual([]);
  expect(named.filter((name) => !Object.hasOwn(model.operations, name))).toEqual([]);
});

test("what the facts are about is there", () => {
  const members = WITHOUT_EFFECT.flatMap((fact) => fact.members);
  const isMember = (text: string): boolean => {
    const [shape = "", member = ""] = text.split(".");
    return model.shapes[shape]?.members?.[member] !== undefined;
  };
  expect(members.filter((member) => !isMember(member))).toEqual([]);
  const awaited = WITHOUT_EFFECT.flatMap(({ awaits = [] }) => awaits);
  expect(awaited.filter((text) => !LATER.some(({ lacks }) => lacks === text))).toEqual([]);
  expect(Object.keys(OTHERWISE).filter((name) => !WORKING.includes(name))).toEqual([]);
});

describe.each(later)("$operation, which comes later,", ({ operation, lacks, input, wrong, about }) => {
  test("says what Berth lacks, once it is allowed", async () => {
    const { status, headers, body } = await callJson(server, operation, input);
    expect([status, headers.get("x-amzn-errortype"), body]).toEqual([
      ...[400, "UnsupportedOperationException"],
      {
        __type: "UnsupportedOperationException",
        message: `Berth does not have ${operation} yet: it ${lacks}`,
      },
    ]);
    expect(server.asked).toMatchObject([{ action: `ecr:${operation}`, resource: about }]);
  });

  test("says nothing to whoever may not", async () => {
    server.denied.set(`ecr:${operation}`, "denied");
    const { body } = await callJson(server, operation, input);
    expect(body).toMatchObject({ __type: "AccessDeniedException", message: "denied" });
  });

  test("takes nothing that the model does not allow", async () => {
    const { status, body } = await callJson(server, operation, wrong);
    expect(status).toBe(400);
    expect(body["__type"]).toMatch(/^(?:InvalidParameter|Validation|Serialization)Exception$/);
  });
});
