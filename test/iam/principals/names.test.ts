import { describe, expect, test } from "vitest";
import {
  iamArn,
  parseIamArn,
  parseOidcProviderArn,
  parseSessionArn,
} from "../../../src/iam/principals/arns.ts";
import { parseVersionName } from "../../../src/iam/principals/managed-policy.ts";
import { requireName, requirePath } from "../../../src/iam/principals/names.ts";
import { findProviderOf, providerUrl } from "../../../src/iam/principals/oidc-providers.ts";
import type { OidcProviderReader } from "../../../src/iam/principals/ports/index.ts";
import { newAccessKeyId, newUniqueId } from "../../../src/iam/principals/unique-ids.ts";

describe("a name", () => {
  test.each(["a", "Anna.Smith+ci=1@example.com,x-y_z", "x".repeat(64)])("may be %s", (name) => {
    expect(() => requireName("user", name)).not.toThrow();
  });

  test.each(["", "a b", "a/b", "ä", "x".repeat(65)])("may not be %j", (name) => {
    expect(() => requireName("user", name)).toThrow("userName is invalid");
  });

  test("of a group or policy may be longer than that of a user or role", () => {
    const name = "x".repeat(128);
    for (const kind of ["group", "policy"] as const) expect(() => requireName(kind, name)).not.toThrow();
    for (const kind of ["user", "role"] as const) expect(() => requireName(kind, name)).toThrow();
  });
});

describe("a path", () => {
  test.each(["/", "/a/", "/a/b.c-d/"])("may be %s", (path) => {
    expect(() => requirePath(path)).not.toThrow();
  });

  test.each(["", "a", "/a", "a/", "/a b/", "/ä/", `/${"x".repeat(511)}/`])("may not be %j", (path) => {
    expect(() => requirePath(path)).toThrow("path is invalid");
  });
});

describe("an ARN", () => {
  test.each([
    ["user", "/", "anna"],
    ["role", "/service-role/", "x"],
    ["group", "/a/b/", "g"],
    ["policy", "/", "p"],
  ] as const)("of a %s is read as it was written", (kind, path, name) => {
    const parts = { account: "123456789012", kind, path, name };
    expect(parseIamArn(iamArn(parts))).toEqual(parts);
  });

  test("of AWS's policies names aws as account", () => {
    expect(parseIamArn("arn:aws:iam::aws:policy/service-role/P")).toEqual({
      ...{ account: "aws", kind: "policy", path: "/service-role/", name: "P" },
    });
  });

  test.each([
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:user/",
    "arn:aws:iam::1234:user/a",
    "arn:aws:iam::123456789012:user/a b",
    "arn:aws:sts::123456789012:assumed-role/r/s",
    "anna",
  ])("is not %s", (arn) => {
    expect(parseIamArn(arn)).toBeUndefined();
  });

  test("of a provider or a session has its own form", () => {
    expect(parseOidcProviderArn("arn:aws:iam::123456789012:oidc-provider/host/a")?.url).toBe("host/a");
    expect(parseSessionArn("arn:aws:sts::123456789012:assumed-role/r/s")).toMatchObject({ roleName: "r" });
    expect(parseSessionArn("arn:aws:sts::123456789012:assumed-role/r")).toBeUndefined();
  });
});

describe("an identity provider", () => {
  test.each([
    ["https://token.actions.githubusercontent.com", "token.actions.githubusercontent.com"],
    ["https://gitlab.example/a", "gitlab.example/a"],
    ["https://gitlab.example/a/", "gitlab.example/a/"],
    ["http://127.0.0.1:8080", "127.0.0.1:8080"],
    ["http://[::1]:8080", "[::1]:8080"],
    ["http://localhost:1/x", "localhost:1/x"],
    ["https://tenant.auth0.com/", "tenant.auth0.com/"],
  ])("%s is named %s", (issuer, name) => {
    expect(providerUrl(issuer)).toBe(name);
  });

  test.each([
    "http://issuer.example",
    "http://127.0.0.1.example",
    "https://issuer.example?x=1",
    "https://issuer.example#x",
    "https://issuer.example?",
    "https://issuer.example#",
    "https://me@issuer.example",
    "https://:pass@issuer.example",
    "https:\\\\issuer.example",
    "ftp://issuer.example",
    "issuer.example",
    "https://aws/",
  ])("is not at %s", async (issuer) => {
    expect(() => providerUrl(issuer)).toThrow("Invalid Open ID Connect Provider URL");
    expect(await findProviderOf(known(""), issuer)).toBeUndefined();
  });

  test.each([
    ["the same", "x.example/a", "https://x.example/a", true],
    ["the same with a slash at its end", "x.example/", "https://x.example/", true],
    ["one that was kept without its slash", "x.example", "https://x.example/", true],
    ["one with a slash that the issuer lacks", "x.example/", "https://x.example", false],
    ["another path", "x.example/a", "https://x.example/b", false],
  ])("of an issuer is %s: %s of %s", async (_, url, issuer, found) => {
    expect((await findProviderOf(known(url), issuer))?.url).toBe(found ? url : undefined);
  });

  /** An account with one provider, or for an empty name with every one that is asked for. */
  function known(url: string): OidcProviderReader {
    const provider = { url, clientIds: [], thumbprints: [], tags: {}, createdAt: new Date(0) };
    return {
      findOidcProvider: async (asked) => (url === "" || asked === url ? provider : undefined),
      listOidcProviders: async () => [provider],
    };
  }
});

test("ids begin with what they name", () => {
  expect(newUniqueId("user")).toMatch(/^AIDA[A-Z2-7]{17}$/);
  expect(newUniqueId("group")).toMatch(/^AGPA/);
  expect(newUniqueId("role")).toMatch(/^AROA/);
  expect(newUniqueId("policy")).toMatch(/^ANPA/);
  expect(newAccessKeyId("ASIA")).toMatch(/^ASIA[A-Z2-7]{16}$/);
});

test("versions are named v and a number", () => {
  expect(parseVersionName("v12")).toBe(12);
  for (const name of ["v0", "12", "v", "v1.x"]) expect(parseVersionName(name)).toBeUndefined();
});
