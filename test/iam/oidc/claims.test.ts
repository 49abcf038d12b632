import { describe, expect, test } from "vitest";
import { readClaims } from "../../../src/iam/oidc/claims.ts";

const NOW = new Date("2030-01-01T00:00:00.000Z");
const SECONDS = NOW.getTime() / 1000;
const TOLERANCE = 30;
const USUAL = { iss: "https://issuer", sub: "me", aud: "berth", iat: SECONDS, exp: SECONDS + 300 };

const read = (claims: object) => readClaims({ ...USUAL, ...claims }, NOW, TOLERANCE);

test.each([
  ["an audience", {}, { subject: "me", audiences: ["berth"], party: undefined }],
  ["audiences", { aud: ["a", "b"] }, { subject: "me", audiences: ["a", "b"], party: undefined }],
  ["a party", { azp: "client" }, { subject: "me", audiences: ["berth"], party: "client" }],
  ["a claim of the issuer's own", { repositoryOwner: "acme" }, { subject: "me" }],
  ["a clock that is a little ahead", { iat: SECONDS + TOLERANCE }, { subject: "me" }],
  ["parts of a second", { iat: SECONDS - 0.5 }, { subject: "me" }],
])("%s is read", (_, claims, expected) => {
  expect(read(claims)).toMatchObject(expected);
});

describe("a token is refused that has", () => {
  test.each<[string, object, string]>([
    ["its subject twice", { SUB: "other" }, "SUB"],
    ["its audience twice", { AUD: "other" }, "AUD"],
    ["its issuer twice", { Iss: "https://other" }, "Iss"],
    ["a claim of its own twice", { ref: "main", REF: "other" }, "REF"],
    ["a claim twice by a letter that folds", { token: "a", "to\u212Aen": "b" }, "to\u212Aen"],
    ["the party in another letter case", { AZP: "client" }, "AZP"],
    ["the end in another letter case", { Exp: 0 }, "Exp"],
    ["a list as subject", { sub: ["me", "other"] }, "sub"],
    ["a list of one as subject", { sub: ["me"] }, "sub"],
    ["a number as subject", { sub: 7 }, "sub"],
    ["an object as subject", { sub: { toString: "me" } }, "sub"],
    ["a boolean as subject", { sub: true }, "sub"],
    ["null as subject", { sub: null }, "sub"],
    ["a subject without measure", { sub: "x".repeat(256) }, "sub"],
    ["a list as party", { azp: ["berth"] }, "azp"],
    ["null as party", { azp: null }, "azp"],
    ["a number as id", { jti: 7 }, "jti"],
    ["an object as audience", { aud: { a: "berth" } }, "aud"],
    ["a list in the audience", { aud: ["berth", ["other"]] }, "aud"],
    ["a number in the audience", { aud: ["berth", 7] }, "aud"],
    ["null as audience", { aud: null }, "aud"],
    ["audiences without measure", { aud: Array.from({ length: 101 }, () => "berth") }, "aud"],
    ["a beginning that is to come", { iat: SECONDS + TOLERANCE + 1 }, "iat"],
    ["a beginning that is text", { iat: String(SECONDS) }, "iat"],
    ["no beginning", { iat: undefined }, "iat"],
    ["an end that never comes", { exp: Number.POSITIVE_INFINITY }, "exp"],
    ["an end that is text", { exp: String(SECONDS + 300) }, "exp"],
    ["a time before time", { nbf: -1 }, "nbf"],
    ["values without measure", { groups: Array.from({ length: 1_001 }, (_, at) => `g${at}`) }, "groups"],
  ])("%s", (_, claims, claim) => {
    expect(() => read(claims)).toThrow(
      expect.objectContaining({ code: "InvalidIdentityTokenException", message: `Invalid claim: ${claim}` }),
    );
  });

  test("no subject", () => {
    expect(() => read({ sub: undefined })).toThrow("Missing a required claim: sub");
    expect(() => read({ sub: "" })).toThrow("Missing a required claim: sub");
  });

  test("claims without measure", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`c${at}`, at]));
    expect(() => read(many)).toThrow("The ID Token has more than 200 claims");
  });
});
