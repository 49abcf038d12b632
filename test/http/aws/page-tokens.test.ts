import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PageBinding, PageTokens } from "../../../src/http/aws/page-tokens.ts";

const tokens = new PageTokens(Buffer.alloc(32, 1));
const BINDING: PageBinding = {
  operation: "ecr.ListImages",
  account: "1",
  region: "r",
  filters: ["app", undefined],
};
const token = tokens.seal(BINDING, ["app", "v1"]);

test("a token comes back as the key it holds", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (after) => {
      expect(tokens.open(BINDING, tokens.seal(BINDING, after))).toEqual(after);
    }),
  );
});

test("a token has nothing that a URL or a shell would change", () => {
  expect(token).toMatch(/^[\w-]+$/);
});

describe("a token is of no use", () => {
  test.each([
    ["with another operation", { operation: "ecr.DescribeImages" }],
    ["in another account", { account: "2" }],
    ["in another region", { region: "s" }],
    ["with another filter", { filters: ["other", undefined] }],
    ["with one filter fewer", { filters: ["app"] }],
    ["with filters in another place", { filters: [undefined, "app"] }],
  ])("%s", (_, changed) => {
    expect(tokens.open({ ...BINDING, ...changed }, token)).toBeUndefined();
  });

  test("under another key", () => {
    expect(new PageTokens(Buffer.alloc(32, 2)).open(BINDING, token)).toBeUndefined();
  });

  test("with any bit changed", () => {
    const bytes = Buffer.from(token, "base64url");
    for (let at = 0; at < bytes.length * 8; at++) {
      const changed = Buffer.from(bytes);
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      expect(tokens.open(BINDING, changed.toString("base64url"))).toBeUndefined();
    }
  });

  test.each(["", "AQ", "garbage!", `${token}=`, `${token} `, token.slice(1), "A".repeat(5000)])(
    "as %j",
    (text) => {
      expect(tokens.open(BINDING, text)).toBeUndefined();
    },
  );
});
