import { describe, expect, test } from "vitest";
import type { Change } from "../../src/events/change.ts";
import { eventsOf } from "../../src/events/envelope.ts";

const REGISTRY = { account: "123456789012", region: "eu-west-1" };
const [ONE, TWO] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];
const CI = "arn:aws:iam::123456789012:user/ci";

function change(kind: string, detail: object): Change {
  return {
    ...{ id: 7, xid: "812", kind, at: new Date("2026-03-01T12:00:00.789Z") },
    detail: { repository: "team/app", principal: CI, requestId: "request", ...detail },
  };
}

const told = (kind: string, detail: object) =>
  eventsOf(REGISTRY, change(kind, detail)).map(({ envelope }) => [envelope["detail-type"], envelope.detail]);

const TYPES = { mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "text/x" };
const SHOWN = {
  "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
  "artifact-media-type": "text/x",
};

test("the envelope is EventBridge's", () => {
  const [event] = eventsOf(REGISTRY, change("image.put", { digest: ONE, created: true, moved: [] }));
  expect(event?.repository).toBe("team/app");
  expect(event?.envelope).toEqual({
    ...{ version: "0", id: expect.any(String), "detail-type": "ECR Image Action", source: "aws.ecr" },
    ...{ account: "123456789012", time: "2026-03-01T12:00:00Z", region: "eu-west-1", resources: [] },
    detail: expect.any(Object),
  });
});

test("ids are UUIDs, the same every time, and different for each event of a change", () => {
  const moved = ["a", "b"].map((tag) => ({ tag, from: null }));
  const ids = () =>
    eventsOf(REGISTRY, change("image.put", { digest: ONE, moved })).map(({ envelope }) => envelope.id);
  expect(ids()[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids()).toEqual(ids());
  expect(new Set(ids()).size).toBe(2);
  const elsewhere = eventsOf({ ...REGISTRY, region: "x" }, change("image.put", { digest: ONE, moved }));
  expect(elsewhere[0]?.envelope.id).not.toBe(ids()[0]);
});

test("some of a change's events are those among all of them", () => {
  const put = change("image.put", {
    digest: ONE,
    moved: ["a", "b", "c"].map((tag) => ({ tag, from: null })),
  });
  expect(eventsOf(REGISTRY, put, 1, 1)).toEqual(eventsOf(REGISTRY, put).slice(1, 2));
  expect(eventsOf(REGISTRY, put, 1)).toEqual(eventsOf(REGISTRY, put).slice(1));
});

describe("of images", () => {
  const base = { result: "SUCCESS", "repository-name": "team/app" };

  test("each tag that moved is a push of its own, with what it pointed at before", () => {
    const moved = [
      { tag: "v1", from: ONE },
      { tag: "v2", from: null },
    ];
    const push = { ...base, "image-digest": TWO, "action-type": "PUSH", ...SHOWN };
    expect(told("image.put", { digest: TWO, created: true, moved, ...TYPES })).toEqual([
      ["ECR Image Action", { ...push, "image-tag": "v1", "previous-image-digest": ONE }],
      ["ECR Image Action", { ...push, "image-tag": "v2" }],
    ]);
  });

  test("a push by digest has no tag", () => {
    expect(told("image.put", { digest: ONE, created: true, moved: [] })).toEqual([
      ["ECR Image Action", { ...base, "image-digest": ONE, "action-type": "PUSH" }],
    ]);
  });

  test("what has a subject is a referrer", () => {
    expect(told("image.put", { digest: ONE, created: true, moved: [], subject: TWO })[0]?.[0]).toBe(
      "ECR Referrer Action",
    );
    expect(told("image.delete", { digest: ONE, tags: [], subject: TWO })[0]?.[0]).toBe("ECR Referrer Action");
  });

  test("a deletion is told for each tag that went, or once", () => {
    const gone = { ...base, "image-digest": ONE, "action-type": "DELETE" };
    expect(told("image.delete", { digest: ONE, tags: ["a", "b"], ...TYPES })).toEqual([
      ["ECR Image Action", { ...gone, "image-tag": "a", ...SHOWN }],
      ["ECR Image Action", { ...gone, "image-tag": "b", ...SHOWN }],
    ]);
    expect(told("image.delete", { digest: ONE, tags: [] })).toEqual([["ECR Image Action", gone]]);
    expect(told("image.untag", { digest: ONE, tag: "a" })).toEqual([
      ["ECR Image Action", { ...gone, "image-tag": "a" }],
    ]);
  });
});

describe("of everything else", () => {
  const call = { sourceIp: "192.0.2.1", userAgent: "aws-cli", action: "ecr:SetRepositoryPolicy" };
  const ARN = "arn:aws:ecr:eu-west-1:123456789012:repository/team/app";

  test("a change of a repository is an API call as CloudTrail records it", () => {
    expect(told("repository.change", { ...call, settings: { scanOnPush: true } })).toEqual([
      [
        "AWS API Call via CloudTrail",
        {
          ...{ eventVersion: "1.11", eventTime: "2026-03-01T12:00:00Z", eventSource: "ecr.amazonaws.com" },
          userIdentity: { type: "IAMUser", arn: CI, accountId: "123456789012" },
          ...{ eventName: "SetRepositoryPolicy", awsRegion: "eu-west-1", sourceIPAddress: "192.0.2.1" },
          ...{ userAgent: "aws-cli", responseElements: null, readOnly: false, managementEvent: true },
          requestParameters: { registryId: "123456789012", repositoryName: "team/app" },
          additionalEventData: { settings: { scanOnPush: true } },
          ...{ requestID: "request", eventID: expect.any(String), eventType: "AwsApiCall" },
          resources: [{ accountId: "123456789012", ARN }],
          ...{ recipientAccountId: "123456789012", eventCategory: "Management" },
        },
      ],
    ]);
  });

  test("a change of the registry names no repository", () => {
    const change = { ...call, action: "ecr:PutRegistryPolicy", repository: null };
    const [[, detail] = []] = told("registry.change", change);
    expect(detail).toMatchObject({
      ...{ eventName: "PutRegistryPolicy", requestParameters: { registryId: "123456789012" } },
    });
    expect(detail).not.toHaveProperty("resources");
    expect(detail).not.toHaveProperty("additionalEventData");
  });

  test("what an older node wrote, without its action, is told by its kind", () => {
    expect(told("repository.delete", {})[0]?.[1]).toMatchObject({ eventName: "DeleteRepository" });
  });

  test.each([
    ["arn:aws:iam::123456789012:root", { type: "Root" }],
    ["arn:aws:sts::123456789012:assumed-role/deploy/run", { type: "AssumedRole" }],
    ["arn:aws:sts::123456789012:federated-user/guest", { type: "FederatedUser" }],
    ["lifecycle", { type: "AWSService", invokedBy: "lifecycle" }],
  ])("the identity of %s", (principal, identity) => {
    expect(told("repository.delete", { principal })[0]?.[1]).toMatchObject({ userIdentity: identity });
  });
});
