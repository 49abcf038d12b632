import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Call, PERMISSIONS } from "../../../src/iam/actions.ts";
import { grantScopes, isInScope, parseScopes, scopeFor, tokenIn } from "../../../src/iam/tokens/scopes.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";

const NAME = parseRepositoryName("team/app");

test("the scope that a challenge names covers the call that it was given for", async () => {
  for (const call of Object.keys(PERMISSIONS) as Call[]) {
    const name = call === "listRepositories" ? undefined : NAME;
    const access = await grantScopes(parseScopes([scopeFor(call, name)]), async () => true);
    expect(isInScope(access, call, name), call).toBe(true);
    expect(isInScope([], call, name), call).toBe(false);
    expect(isInScope(undefined, call, name), call).toBe(true);
  }
});

test("a granted scope never exceeds what was asked and what is allowed", async () => {
  const actions = fc.subarray(["pull", "push", "delete"]);
  await fc.assert(
    fc.asyncProperty(actions, actions, async (asked, allowed) => {
      const wanted = parseScopes([`repository:team/app:${asked.join(",")}`]);
      const needs: Record<string, string> = { getManifest: "pull", startUpload: "push" };
      Object.assign(needs, { putManifest: "push", deleteManifest: "delete" });
      const access = await grantScopes(wanted, async (call) => allowed.includes(needs[call] ?? ""));
      expect(access.flatMap((entry) => entry.actions)).toEqual(asked.filter((one) => allowed.includes(one)));
    }),
  );
});

test("no text makes the parser fail but too many scopes", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 5 }), (texts) => {
      for (const { name, actions } of parseScopes(texts)) {
        expect(actions.length).toBeGreaterThanOrEqual(0);
        if (name !== undefined) expect(parseRepositoryName(name)).toBe(name);
      }
    }),
  );
});

describe("the token in a header", () => {
  test.each([
    ["Bearer a.b.c", "a.b.c"],
    ["bEaReR a.b.c", "a.b.c"],
    [`Basic ${Buffer.from("AWS:a.b.c").toString("base64")}`, "a.b.c"],
    [`Basic ${Buffer.from("AKIA:a.b.c").toString("base64")}`, undefined],
    ["Basic", undefined],
    ["", undefined],
  ])("%s", (header, token) => {
    expect(tokenIn(header)).toBe(token);
  });
});
