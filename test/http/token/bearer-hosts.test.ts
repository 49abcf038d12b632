import { describe, expect, test } from "vitest";
import { ConfigError, readConfig } from "../../../src/config.ts";
import { BearerHosts } from "../../../src/http/access/bearer-hosts.ts";

const at = (host: string) => ({ ip: "203.0.113.7", secure: true, host, origin: "" });

describe("bearer hosts", () => {
  test.each<[string, string, boolean]>([
    ["localhost", "localhost:5050", true],
    ["localhost", "localhost", true],
    ["localhost", "LOCALHOST:5050", true],
    ["Registry.Example.com", "registry.example.com", true],
    ["[::1]", "[::1]:5050", true],
    ["[::1]", "[::1]", true],
    ["a, b", "b:1", true],
    ["*", "anything", true],
    ["a", "b", false],
    ["a", "", false],
    ["a", "xa", false],
  ])("%s: %s is one: %j", (setting, host, is) => {
    const { bearer } = readConfig({ BERTH_BEARER_HOSTS: setting, BERTH_ANONYMOUS_PULL: "on" });
    const hosts = new BearerHosts(bearer);
    expect(hosts.has(at(host))).toBe(is);
    expect(hosts.admitsAnonymous(at(host))).toBe(is);
    expect(new BearerHosts({ ...bearer, anonymousPull: false }).admitsAnonymous(at(host))).toBe(false);
  });

  test("are none by default, and nobody is anonymous", () => {
    expect(readConfig({}).bearer).toEqual({ hosts: [], anonymousPull: false });
  });
});

describe("a mistake in the settings is told", () => {
  test.each<[string, Record<string, string>, string]>([
    ["a port", { BERTH_BEARER_HOSTS: "a:5050" }, "must be host names without ports"],
    ["a URL", { BERTH_BEARER_HOSTS: "https://a" }, "must be host names without ports"],
    ["an empty name", { BERTH_BEARER_HOSTS: "a,,b" }, "must be host names without ports"],
    ["a pattern", { BERTH_BEARER_HOSTS: "*.example.com" }, "must be host names without ports"],
    ["neither on nor off", { BERTH_ANONYMOUS_PULL: "yes" }, "must be on or off"],
    ["anonymous pull without hosts", { BERTH_ANONYMOUS_PULL: "on" }, "BERTH_BEARER_HOSTS is required with"],
  ])("%s", (_, env, says) => {
    expect(() => readConfig(env)).toThrow(ConfigError);
    expect(() => readConfig(env)).toThrow(says);
  });
});
