import { describe, expect, test } from "vitest";
import { parseRepositoryName } from "../../src/registry/names.ts";
import {
  chooseTemplate,
  parseTemplatePrefix,
  prefixesOf,
  ROOT,
} from "../../src/registry/templates/prefix.ts";

test.each(["a", "a/b", "a/b/", "a--b/c_d", "ROOT"])("%s is a prefix", (text) => {
  expect(parseTemplatePrefix(text)).toBe(text);
});

test.each(["", "/", "a//", "a//b", "A", "root/ROOT", "ROOT/", "a/-", "-a"])("%j is none", (text) => {
  expect(() => parseTemplatePrefix(text)).toThrow(/invalid repository name/);
});

test("a prefix covers what follows behind a slash, and the root everything", () => {
  expect(prefixesOf(parseRepositoryName("team/app/web"))).toEqual(["team/app", "team", ROOT]);
  expect(prefixesOf(parseRepositoryName("team"))).toEqual([ROOT]);
});

describe("of the templates that cover a repository", () => {
  const template = (prefix: string, ...appliedFor: ("CREATE_ON_PUSH" | "REPLICATION")[]) => ({
    prefix,
    appliedFor,
  });

  test("the longest applies, in whatever order they come", () => {
    const all = [template("team/", "CREATE_ON_PUSH"), template("team/app", "CREATE_ON_PUSH"), template(ROOT)];
    expect(chooseTemplate(all, "CREATE_ON_PUSH")?.prefix).toBe("team/app");
    expect(chooseTemplate(all.reverse(), "CREATE_ON_PUSH")?.prefix).toBe("team/app");
  });

  test("one for another purpose does not count", () => {
    const all = [template("team", "CREATE_ON_PUSH"), template("team/app", "REPLICATION")];
    expect(chooseTemplate(all, "CREATE_ON_PUSH")?.prefix).toBe("team");
    expect(chooseTemplate([template("a", "REPLICATION")], "CREATE_ON_PUSH")).toBeUndefined();
  });

  test("the root is shorter than any, even a name of one letter", () => {
    const all = [template("a", "CREATE_ON_PUSH"), template(ROOT, "CREATE_ON_PUSH")];
    expect(chooseTemplate(all, "CREATE_ON_PUSH")?.prefix).toBe("a");
  });
});
