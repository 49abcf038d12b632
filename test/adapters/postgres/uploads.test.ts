import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { postgresRegistries } from "../../../src/adapters/postgres/registries.ts";
import { postgresUploads } from "../../../src/adapters/postgres/uploads.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { UploadAddress } from "../../../src/registry/ports/upload-store.ts";
import { Scopes } from "../../../src/registry/scopes.ts";
import { makeTestHome, openTestState } from "../../support/berth.ts";
import { HOUR } from "../../support/clock.ts";
import { rowsOf } from "../../support/rows.ts";

const home = await makeTestHome();
const state = await openTestState(home);
afterAll(async () => {
  await state.close();
  await home.remove();
});
const { account, region } = home.config;
const scope = await new Scopes(postgresRegistries(state.database), ["*"]).open({ account, region });
const uploads = postgresUploads(state.database, { name: "filesystem", keysOf: () => [] }, HOUR);
const AT = new Date("2030-01-01T00:00:00Z");
const APP = parseRepositoryName("team/app");
await rowsOf(state, "INSERT INTO repositories (registry_id, name, created_at) VALUES ($1, $2, $3)", [
  ...[scope.id, APP, AT],
]);

let address: UploadAddress;
beforeEach(async () => {
  address = { scope, name: APP, id: crypto.randomUUID(), principal: "somebody" };
  const quota = { principals: { from: "somebody", to: "somebody" }, max: 100 };
  await uploads.create({ ...address, algorithm: "sha256", attemptKey: "first", quota, at: AT });
});

const content = { key: "first", size: 3 };
const session = async () => {
  const found = await uploads.find(address);
  return found.repository ? found.session : undefined;
};
const queued = async (key: string) =>
  (await rowsOf(state, "SELECT 1 FROM object_deletions WHERE key = $1", [key])).length;

describe("an attempt that a later one has taken over from", () => {
  beforeEach(async () => {
    expect(await uploads.begin(address, { key: "second", at: AT })).toMatchObject({
      ...{ version: 2, takeover: true, firstPart: 1 },
    });
  });

  test("reserves no parts", async () => {
    expect(await uploads.reserve(address.id, 1, 7, AT)).toBe(false);
    expect(await uploads.begin(address, { key: "third", at: AT })).toMatchObject({ firstPart: 1 });
  });

  test("stores nothing", async () => {
    const confirmed = { content, digest: undefined, garbage: ["stale"], at: AT };
    expect(await uploads.confirm(address.id, 1, confirmed)).toBe(false);
    expect(await session()).toMatchObject({ size: 0, writing: true });
    expect(await queued("stale")).toBe(0);
  });

  test("ends nothing", async () => {
    await uploads.release(address.id, 1, { takeover: false, garbage: ["released"], at: AT });
    expect(await session()).toMatchObject({ writing: true });
    expect(await queued("released")).toBe(0);
  });
});

describe("the attempt that writes", () => {
  test("reserves parts, of which no number is given back", async () => {
    expect(await uploads.reserve(address.id, 1, 7, AT)).toBe(true);
    expect(await uploads.reserve(address.id, 1, 3, AT)).toBe(true);
    expect(await uploads.begin(address, { key: "second", at: AT })).toMatchObject({ firstPart: 8 });
  });

  test("stores its content, and what that replaces goes once", async () => {
    const confirmed = { content, digest: undefined, garbage: ["replaced", "replaced"], at: AT };
    expect(await uploads.confirm(address.id, 1, confirmed)).toBe(true);
    expect(await session()).toMatchObject({ size: 3, writing: false, content });
    expect(await queued("replaced")).toBe(1);
  });

  test("ends without its bytes", async () => {
    await uploads.release(address.id, 1, { takeover: false, garbage: [], at: AT });
    expect(await session()).toMatchObject({ size: 0, writing: false });
  });
});

test.each([
  ["another principal", { principal: "somebody else" }],
  ["another repository", { name: parseRepositoryName("team/other") }],
  ["another id", { id: crypto.randomUUID() }],
])("a session is nobody's who names %s", async (_, other) => {
  expect(await uploads.begin({ ...address, ...other }, { key: "stolen", at: AT })).toBeUndefined();
  expect(await uploads.find({ ...address, ...other })).not.toHaveProperty("session.id");
  expect(await session()).toMatchObject({ version: 1 });
});

test("an attempt that expects another size changes nothing", async () => {
  expect(await uploads.begin(address, { key: "second", expectedSize: 3, at: AT })).toBeUndefined();
  expect(await session()).toMatchObject({ version: 1 });
  expect(await uploads.begin(address, { key: "second", expectedSize: 0, at: AT })).toMatchObject({
    version: 2,
  });
});
