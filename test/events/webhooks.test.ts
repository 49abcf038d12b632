import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { EventEnvelope } from "../../src/events/envelope.ts";
import { draftWebhook, type WantedWebhook } from "../../src/events/webhooks/draft.ts";
import { messageOf } from "../../src/events/webhooks/message.ts";
import { pauseAfter } from "../../src/events/webhooks/schedule.ts";
import { newWebhookSecret, signatureHeaders } from "../../src/events/webhooks/signature.ts";
import { isWanted } from "../../src/events/webhooks/webhook.ts";
import { OutboundHosts } from "../../src/kernel/outbound-hosts.ts";

const AT = new Date("2026-03-01T12:00:00.900Z");

function event(type: string, detail: object): EventEnvelope {
  return {
    ...{ version: "0", id: "event", "detail-type": type, source: "aws.ecr", account: "123456789012" },
    ...{ time: "2026-03-01T12:00:00Z", region: "eu-west-1", resources: [], detail: { ...detail } },
  };
}

describe("a signature", () => {
  test("is that of Standard Webhooks", () => {
    // The example of the specification's reference libraries.
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const at = new Date(1614265330_000);
    expect(
      signatureHeaders(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, Buffer.from('{"test": 2432232314}')),
    ).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("is made with 32 random bytes", () => {
    const [, bytes = ""] = /^whsec_(.+)$/.exec(newWebhookSecret()) ?? [];
    expect(Buffer.from(bytes, "base64")).toHaveLength(32);
    expect(newWebhookSecret()).not.toBe(newWebhookSecret());
  });
});

describe("a message", () => {
  const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

  test("has the event as its body, and CloudEvents' headers", () => {
    const image = { "repository-name": "team/app", "image-digest": "sha256:1", "image-tag": "v1" };
    const sent = messageOf("https://hooks.example/", secret, event("ECR Image Action", image), AT);
    expect(JSON.parse(sent.body.toString())).toEqual(event("ECR Image Action", image));
    const signed = `event.1772366400.${sent.body}`;
    const signature = createHmac("sha256", Buffer.alloc(32, 1)).update(signed).digest("base64");
    expect(sent).toMatchObject({ url: "https://hooks.example/" });
    expect(sent.headers).toEqual({
      ...{ "content-type": "application/json", "content-length": String(sent.body.length) },
      ...{ "ce-specversion": "1.0", "ce-id": "event", "ce-time": "2026-03-01T12:00:00Z" },
      ...{ "ce-type": "aws.ecr.image-action", "ce-subject": "v1" },
      "ce-source": "arn:aws:ecr:eu-west-1:123456789012:repository/team/app",
      ...{ "webhook-id": "event", "webhook-timestamp": "1772366400", "webhook-signature": `v1,${signature}` },
    });
  });

  test.each([
    [{ "repository-name": "a", "image-digest": "sha256:1" }, "repository/a", "sha256:1"],
    [{ requestParameters: { repositoryName: "a" } }, "repository/a", undefined],
    [{ requestParameters: {} }, "registry", undefined],
  ])("of %j names its source", (detail, source, subject) => {
    const { headers } = messageOf("https://x/", secret, event("AWS API Call via CloudTrail", detail), AT);
    expect(headers["ce-source"]).toBe(`arn:aws:ecr:eu-west-1:123456789012:${source}`);
    expect(headers["ce-subject"]).toBe(subject);
    expect(headers["ce-type"]).toBe("aws.ecr.aws-api-call-via-cloudtrail");
  });
});

test.each([
  [{ detailTypes: [], repositoryPrefix: "" }, true, true],
  [{ detailTypes: ["ECR Image Action"], repositoryPrefix: "" }, true, false],
  [{ detailTypes: ["ECR Referrer Action"], repositoryPrefix: "" }, false, false],
  [{ detailTypes: [], repositoryPrefix: "team/" }, true, false],
  [{ detailTypes: [], repositoryPrefix: "other/" }, false, false],
])("%j wants a push to team/app: %s, a change of the registry: %s", (filter, push, registry) => {
  const pushed = { envelope: event("ECR Image Action", {}), repository: "team/app" };
  expect(isWanted(filter, pushed)).toBe(push);
  const changed = { envelope: event("AWS API Call via CloudTrail", {}), repository: undefined };
  expect(isWanted(filter, changed)).toBe(registry);
});

test("pauses double up to an hour, and vary by a tenth", () => {
  const pauses = [1, 2, 3, 10, 11, 1_000].map((failures) => pauseAfter(failures, () => 0.5));
  expect(pauses).toEqual([5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000]);
  expect([pauseAfter(1, () => 0), pauseAfter(1, () => 1)]).toEqual([4_500, 5_500]);
});

describe("a draft", () => {
  const hosts = new OutboundHosts(["hooks.internal"]);
  const draft = (wanted: WantedWebhook) => draftWebhook(wanted, hosts);

  test("says each thing once", () => {
    const detailTypes = ["ECR Image Action", "ECR Image Action"];
    expect(draft({ url: "https://hooks.example/a?b=c", detailTypes, repositoryPrefix: "team/" })).toEqual({
      ...{ url: "https://hooks.example/a?b=c", detailTypes: ["ECR Image Action"], repositoryPrefix: "team/" },
    });
    expect(draft({ url: "http://hooks.internal:8080/" })).toEqual({
      ...{ url: "http://hooks.internal:8080/", detailTypes: [], repositoryPrefix: "" },
    });
  });

  test.each([
    ["no URL", { url: "hooks.example" }, "url must be an https:// URL of at most 2048 characters"],
    ["another scheme", { url: "ftp://hooks.example" }, "url must be an https:// URL"],
    ["a fragment", { url: "https://hooks.example/#a" }, "url must be an https:// URL"],
    ["too long a URL", { url: `https://x/${"a".repeat(2_048)}` }, "url must be an https:// URL"],
    ["a password", { url: "https://me:secret@hooks.example" }, "url must hold no user and no password"],
    [
      "plain HTTP",
      { url: "http://hooks.example" },
      "plain HTTP is not for hooks.example; BERTH_WEBHOOK_PRIVATE",
    ],
    ["a private address", { url: "https://10.0.0.1" }, "url must lead to a public address: not to 10.0.0.1"],
    ["this machine", { url: "https://localhost" }, "url must lead to a public address: not to localhost"],
    [
      "an unknown type",
      { url: "https://x.example", detailTypes: ["ECR"] },
      'AWS API Call via CloudTrail, not "ECR"',
    ],
    [
      "no prefix",
      { url: "https://x.example", repositoryPrefix: "A*" },
      "repositoryPrefix must be what names",
    ],
  ])("with %s is refused", (_, wanted, says) => {
    expect(() => draft(wanted)).toThrow(expect.objectContaining({ reason: "WEBHOOK_INVALID" }));
    expect(() => draft(wanted)).toThrow(says);
  });

  test("never shows a password", () => {
    expect(() => draft({ url: "https://me:secret@hooks.example" })).not.toThrow("secret");
  });
});
