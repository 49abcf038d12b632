import { describe, expect, it } from "vitest";
import { matches, parsePlatform } from "../../../src/cli/images/platform.ts";
import {
  formatPinned,
  formatReference,
  isLoopback,
  parseReference,
} from "../../../src/cli/images/reference.ts";
import type { Digest } from "../../../src/registry/digest.ts";

const DIGEST = `sha256:${"a".repeat(64)}` as Digest;

describe("references", () => {
  it.each([
    ["localhost/app", "localhost", "app", "latest", undefined],
    ["localhost:5050/team/app:1.0", "localhost:5050", "team/app", "1.0", undefined],
    ["Registry.Example.com/app:1", "registry.example.com", "app", "1", undefined],
    ["[::1]:5050/app", "[::1]:5050", "app", "latest", undefined],
    [`r.example/app@${DIGEST}`, "r.example", "app", undefined, DIGEST],
    [`r.example/app:1@${DIGEST}`, "r.example", "app", "1", DIGEST],
  ])("reads %s", (text, host, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({ host, repository, tag, digest });
  });

  it.each([
    ["app:1", /must begin with the registry's host/],
    ["team/app:1", /must begin with the registry's host/],
    ["/app", /must begin with the registry's host/],
    ["host.example:x/app", /must begin with the registry's host/],
    ["user@host.example/app", /invalid digest/],
    ["host.example/App", /invalid repository name/],
    ["host.example/app:", /invalid tag/],
    ["host.example/app@sha256:12", /invalid digest.*64/],
  ])("refuses %s", (text, says) => {
    expect(() => parseReference(text)).toThrow(says);
  });

  it("writes them as docker does, and pinned", () => {
    const tagged = parseReference("r.example/app:1");
    expect(formatReference(tagged)).toBe("r.example/app:1");
    expect(formatPinned(tagged, DIGEST)).toBe(`r.example/app:1@${DIGEST}`);
    const pinned = parseReference(`r.example/app@${DIGEST}`);
    expect(formatReference(pinned)).toBe(`r.example/app@${DIGEST}`);
    expect(formatPinned(pinned, DIGEST)).toBe(`r.example/app@${DIGEST}`);
  });

  it("knows this machine", () => {
    expect(["localhost", "localhost:1", "127.0.0.1:5050", "127.9.9.9", "[::1]:80"].every(isLoopback)).toBe(
      true,
    );
    expect(["localhost.example", "128.0.0.1", "127.0.0.1.example:1", "r.example"].some(isLoopback)).toBe(
      false,
    );
  });
});

describe("platforms", () => {
  it("takes a variant as given, or any", () => {
    const arm64 = { os: "linux", architecture: "arm64", variant: undefined };
    expect(matches(parsePlatform("linux/arm64"), { ...arm64, variant: "v8" })).toBe(true);
    expect(matches(parsePlatform("linux/arm64/v8"), arm64)).toBe(true);
    expect(matches(parsePlatform("linux/arm/v6"), { ...arm64, architecture: "arm" })).toBe(false);
    expect(matches(parsePlatform("linux/amd64"), arm64)).toBe(false);
  });

  it("refuses other texts", () => {
    for (const text of ["linux", "linux/", "a/b/c/d", "linux/amd 64"]) {
      expect(() => parsePlatform(text)).toThrow(/os\/architecture/);
    }
  });
});
