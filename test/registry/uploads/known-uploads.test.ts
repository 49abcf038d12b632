import { describe, expect, test } from "vitest";
import { openHashing } from "../../../src/adapters/hashing/index.ts";
import { digestOf } from "../../../src/registry/digest.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import type { BegunAttempt, RepositoryId, UploadAddress } from "../../../src/registry/ports/index.ts";
import type { RegistryId } from "../../../src/registry/scope.ts";
import { KnownUploads } from "../../../src/registry/uploads/known-uploads.ts";
import { ManualClock } from "../../support/clock.ts";

const clock = new ManualClock();
const ADDRESS: UploadAddress = {
  scope: { id: 1 as RegistryId, account: "123456789012", region: "eu-north-1" },
  name: parseRepositoryName("team/app"),
  id: "8a0c27f2-98f4-4d4a-8ea0-0ac4cd1b7f6a",
  principal: "arn:aws:iam::123456789012:user/one",
};
const BEGUN: BegunAttempt = {
  ...{ id: ADDRESS.id, repositoryId: 7 as RepositoryId, registryId: ADDRESS.scope.id },
  ...{ principal: ADDRESS.principal, algorithm: "sha256", version: 1, size: 0 },
  ...{
    digest: undefined,
    content: undefined,
    parts: undefined,
    writing: true,
    takeover: false,
    firstPart: 1,
  },
};
const CONFIRMED = {
  ...BEGUN,
  size: 5,
  digest: digestOf(Buffer.from("bytes")),
  content: { size: 5, key: "aa/key" },
  writing: false,
};
const READY = { hash: undefined, isReady: true };
const OPENED = { begun: BEGUN, key: "aa/key" };

const others: readonly (readonly [string, UploadAddress])[] = [
  ["principal", { ...ADDRESS, principal: "arn:aws:iam::123456789012:user/two" }],
  ["repository", { ...ADDRESS, name: parseRepositoryName("team/other") }],
  ["registry", { ...ADDRESS, scope: { ...ADDRESS.scope, id: 2 as RegistryId } }],
  ["session", { ...ADDRESS, id: "8a0c27f2-98f4-4d4a-8ea0-0ac4cd1b7f6b" }],
];

describe("a process that is alone", () => {
  test.each(others)("keeps what it knows from another %s", (_, other) => {
    const known = new KnownUploads({ isAlone: true });
    known.noteOpened(ADDRESS, OPENED, clock.now());
    expect(known.takeOpened(other, clock.now())).toBeUndefined();
    expect(known.takeOpened(ADDRESS, clock.now())).toMatchObject(OPENED);
    known.noteConfirmed(ADDRESS, CONFIRMED, READY);
    expect(known.confirmed(other)).toBeUndefined();
    expect(known.confirmed(ADDRESS)).toBe(CONFIRMED);
    known.forget(ADDRESS.id);
    expect(known.confirmed(ADDRESS)).toBeUndefined();
  });

  test("gives an attempt away once, and not after a minute", () => {
    const known = new KnownUploads({ isAlone: true });
    known.noteOpened(ADDRESS, OPENED, clock.now());
    expect(known.takeOpened(ADDRESS, clock.now())).toMatchObject(OPENED);
    expect(known.takeOpened(ADDRESS, clock.now())).toBeUndefined();
    known.noteOpened(ADDRESS, OPENED, clock.now());
    expect(known.takeOpened(ADDRESS, new Date(clock.now().getTime() + 60_000))).toBeUndefined();
  });
});

test("only what can be committed as it is is kept, and until something begins", () => {
  const known = new KnownUploads({ isAlone: true });
  known.noteConfirmed(ADDRESS, CONFIRMED, { ...READY, isReady: false });
  expect(known.confirmed(ADDRESS)).toBeUndefined();
  known.noteConfirmed(ADDRESS, CONFIRMED, READY);
  known.noteBegun(ADDRESS.id);
  expect(known.confirmed(ADDRESS)).toBeUndefined();
});

test("one process of several remembers hashes alone", async () => {
  const known = new KnownUploads({ isAlone: false });
  known.noteOpened(ADDRESS, OPENED, clock.now());
  expect(known.takeOpened(ADDRESS, clock.now())).toBeUndefined();
  const hash = openHashing(() => undefined, 1).start("sha256");
  hash.update(Buffer.from("bytes"));
  known.noteConfirmed(ADDRESS, CONFIRMED, { ...READY, hash });
  expect(known.confirmed(ADDRESS)).toBeUndefined();
  const { id, digest } = CONFIRMED;
  expect(known.resumeHash({ id, size: 4, digest })).toBeUndefined();
  expect(known.resumeHash({ id, size: 5, digest: digestOf(Buffer.from("other")) })).toBeUndefined();
  expect(await known.resumeHash({ id, size: 5, digest })?.digest()).toBe(digest);
});
