import { describe, expect, test } from "vitest";
import { NO_ORGANIZATIONS, parseOrganizations } from "../../../src/iam/principals/organizations.ts";

const ACCOUNT = "111122223333";

describe("organizations", () => {
  test.each<[string, string, string | undefined]>([
    ["o-a1b2c3d4e5", "o-a1b2c3d4e5", undefined],
    ["o-a1b2c3d4e5/", "o-a1b2c3d4e5", undefined],
    ["o-a1b2c3d4e5/r-ab12", "o-a1b2c3d4e5", "o-a1b2c3d4e5/r-ab12/"],
    [
      "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/",
      "o-a1b2c3d4e5",
      "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222/",
    ],
  ])("%s", (text, id, path) => {
    expect(parseOrganizations(text).of(ACCOUNT)).toEqual({ id, path });
  });

  test("may be others for single accounts", () => {
    const found = parseOrganizations(`${ACCOUNT}=o-a1b2c3d4e5/r-ab12, o-zzzzzzzzzz`);
    expect([found.of(ACCOUNT)?.path, found.of("444455556666")?.id]).toEqual([
      ...["o-a1b2c3d4e5/r-ab12/", "o-zzzzzzzzzz"],
    ]);
    expect(parseOrganizations(`${ACCOUNT}=o-a1b2c3d4e5`).of("444455556666")).toBeUndefined();
    expect(NO_ORGANIZATIONS.of(ACCOUNT)).toBeUndefined();
  });

  test.each([
    ...[
      "",
      "o-short",
      "O-A1B2C3D4E5",
      "o-a1b2c3d4e5/ou-ab12-11111111",
      "o-a1b2c3d4e5//",
      "1=o-a1b2c3d4e5",
      "o-a1b2c3d4e5,",
    ],
  ])("%j is refused", (text) => {
    expect(() => parseOrganizations(text)).toThrow("must be o-…");
  });

  test("name no account twice", () => {
    expect(() => parseOrganizations(`${ACCOUNT}=o-a1b2c3d4e5,${ACCOUNT}=o-zzzzzzzzzz`)).toThrow("twice");
  });
});
