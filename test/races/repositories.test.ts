import { afterAll, afterEach, describe, expect, inject, test, vi } from "vitest";
import { openDatabase } from "../../src/adapters/postgres/database.ts";
import { bootstrapAdministrator } from "../../src/composition/serve.ts";
import { migrateDatabase } from "../../src/composition/state.ts";
import { collectGarbage } from "../../src/gc/collect.ts";
import { MasterKey } from "../../src/iam/master-key.ts";
import { Barriers, COMMIT, lockWaits } from "../support/barrier.ts";
import { makeTestHome, startTestBerth } from "../support/berth.ts";
import { HOUR } from "../support/clock.ts";
import { type Answer, exchange, expectAnswer, openRequest } from "../support/exchange.ts";
import { digestOfText, index } from "../support/manifests.ts";
import { administer, onDatabase } from "../support/postgres.ts";
import {
  deleteRepository,
  imageOf,
  openSession,
  pushBlob,
  pushImage,
  putManifest,
  underWay,
} from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectSoundScene, GRACES, openScene, statusesOf } from "./scene.ts";

vi.mock("../../src/composition/collector.ts", async (original) => ({
  ...(await original<object>()),
  startCollector: () => ({ stop: async () => undefined }),
}));

const scene = await openScene();
const { berth, barriers, other, collector, clock } = scene;
afterAll(() => scene.close());
afterEach(() => expectSoundScene(scene));

const gone = { status: 404, code: "NAME_UNKNOWN" };

/** Collects until nothing is left to do, now and after every grace. */
async function collectAll(): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const round = await collectGarbage(collector, GRACES);
    quiet = Object.values(round).every((ended) => ended === 0) ? quiet + 1 : 0;
    if (quiet > 0) clock.advance(25 * HOUR);
  }
}

async function expectNothingLeft(): Promise<void> {
  await collectAll();
  for (const table of [
    ...[
      "repositories",
      "repository_blobs",
      "manifests",
      "manifest_blobs",
      "manifest_children",
      "tags",
      "tag_history",
    ],
    ...[
      "uploads",
      "blobs",
      "objects",
      "object_deletions",
      "gc_link_queue",
      "gc_blob_queue",
      "gc_manifest_queue",
    ],
  ]) {
    expect(await rowsOf(berth, `SELECT * FROM ${table}`), table).toEqual([]);
  }
}

describe("the deletion of a repository meets a push", () => {
  const CONTENT = "of a repository that goes";
  const DIGEST = digestOfText(CONTENT);
  const start = (name: string) => exchange(berth, { method: "POST", path: `/v2/${name}/blobs/uploads/` });
  const whole = (name: string) =>
    exchange(berth, { method: "POST", path: `/v2/${name}/blobs/uploads/?digest=${DIGEST}`, body: CONTENT });
  const session = async (name: string, method: string): Promise<Answer> => {
    const path = await openSession(other, name);
    if (method === "PUT") await exchange(other, { method: "PATCH", path, body: CONTENT });
    return exchange(berth, {
      method,
      path: method === "PUT" ? `${path}?digest=${DIGEST}` : path,
      ...(method === "PATCH" ? { body: CONTENT } : {}),
    });
  };
  const mount = async (name: string): Promise<Answer> => {
    const digest = await pushBlob(other, `${name}/source`, CONTENT);
    const path = `/v2/${name}/blobs/uploads/?mount=${digest}&from=${name}/source`;
    const answer = await exchange(berth, { method: "POST", path });
    await deleteRepository(other, `${name}/source`);
    return answer;
  };
  const manifest = (name: string) => putManifest(berth, name, imageOf("deleted"), "v1");

  const STEPS: readonly (readonly [
    what: string,
    statement: string,
    push: (name: string) => Promise<Answer>,
  ])[] = [
    ["before its session begins", "upload_create", start],
    ["before a whole upload begins", "upload_create", whole],
    ["before the commit of a whole upload", "upload_commit", whole],
    ["before a PATCH begins", "upload_begin", (name) => session(name, "PATCH")],
    ["before a PATCH confirms", "upload_confirm", (name) => session(name, "PATCH")],
    ["before the commit of a PUT", "upload_commit", (name) => session(name, "PUT")],
    ["before a mount", "blob_mount", mount],
    ["before its manifest", "manifest_put", manifest],
  ];

  /** Those that take a share of the repository. */
  const SHARING = STEPS.filter(([, statement]) =>
    ["upload_commit", "blob_mount", "manifest_put"].includes(statement),
  );

  // The repository is deleted between two steps of a push.
  // The deletion wins: every step looks for the repository again.
  // The push sees NAME_UNKNOWN, or begins in a new repository; nothing else of it is visible, and what it left is removed.
  test.each(STEPS)("%s", async (_, statement, push) => {
    const name = "deletion/step";
    await pushImage(other, name, "v1", "deleted");
    const hold = barriers.hold(statement);
    const pushing = push(name);
    await hold.reached;
    await deleteRepository(other, name);
    hold.release();
    const answer = await pushing;
    if (statement === "upload_create") {
      // Nothing of it was there before the deletion: it is the first push to a new repository.
      expect([201, 202], answer.body.toString()).toContain(answer.status);
      expectAnswer(await exchange(berth, { path: `/v2/${name}/manifests/v1` }), {
        status: 404,
        code: "MANIFEST_UNKNOWN",
      });
      await deleteRepository(other, name);
    } else if (statement === "manifest_put") {
      // Likewise, and what it names is not there.
      expectAnswer(answer, { status: 404, code: "MANIFEST_BLOB_UNKNOWN" });
    } else {
      expectAnswer(answer, gone);
    }
    expectAnswer(await exchange(berth, { path: `/v2/${name}/tags/list` }), gone);
    await expectNothingLeft();
  });

  // The push holds its share of the repository when the deletion comes.
  // The push wins its answer: the deletion waits for it, and takes what it made with all the rest.
  // Nobody sees an error.
  test.each(SHARING)("that is faster: %s", async (_what, _statement, push) => {
    const name = "deletion/faster";
    await pushImage(other, name, "v1", "deleted");
    const hold = barriers.hold("repository_share", "after");
    const pushing = push(name);
    await hold.reached;
    const deletion = deleteRepository(other, name);
    await lockWaits(berth);
    hold.release();
    expectAnswer(await pushing, { status: 201 });
    await deletion;
    expectAnswer(await exchange(berth, { path: `/v2/${name}/manifests/v1` }), gone);
    await expectNothingLeft();
  });

  // The deletion has the repository's row; the push comes to its share of it.
  // The deletion wins.
  // The push waits, then sees NAME_UNKNOWN.
  test.each(SHARING)("that is slower: %s", async (_what, statement, push) => {
    const name = "deletion/slower";
    await pushImage(other, name, "v1", "deleted");
    const waits = barriers.hold(statement);
    const pushing = push(name);
    await waits.reached;
    const hold = scene.otherBarriers.hold(COMMIT);
    const deletion = deleteRepository(other, name);
    await hold.reached;
    waits.release();
    await lockWaits(berth);
    hold.release();
    await deletion;
    expectAnswer(await pushing, gone);
    await expectNothingLeft();
  });

  // The repository is deleted, and purged to its last row, while the insert of a session waits for its row.
  // The deletion wins.
  // The push goes to a new repository of the name, and sees no error of the database.
  test("whose session waits for the row until there is none", async () => {
    const name = "deletion/purged";
    await pushBlob(other, name, "so that it exists");
    await collectAll();
    const state = openDatabase({ ...berth.connection, poolSize: 1 }, () => undefined);
    const run = (tx: { query: typeof state.run }, text: string) =>
      tx.query({ name: text.slice(0, 40), text }, []);
    let started: Promise<Answer> | undefined;
    await state.transaction(async (tx) => {
      await run(tx, "SELECT 1 FROM repositories WHERE name = 'deletion/purged' FOR UPDATE");
      started = start(name);
      await lockWaits(berth);
      await run(tx, "DELETE FROM repository_blobs");
      await run(tx, "DELETE FROM gc_link_queue");
      await run(tx, "DELETE FROM repositories WHERE name = 'deletion/purged'");
    });
    await state.close();
    expect(started).toBeDefined();
    if (started !== undefined) expectAnswer(await started, { status: 202 });
    await deleteRepository(other, name);
    await expectNothingLeft();
  });

  // A body is under way when the repository is deleted, and a new one of the same name is made.
  // The deletion wins: the session was the old repository's.
  // The push sees NAME_UNKNOWN, and the new repository has nothing of it.
  test("whose body is under way, and a new repository has the name by then", async () => {
    const name = "deletion/renewed";
    const path = await openSession(berth, name);
    const put = openRequest(berth, { method: "PUT", path: `${path}?digest=${DIGEST}` });
    await put.send(Buffer.from(CONTENT));
    await underWay(berth, path);
    await deleteRepository(other, name);
    await pushImage(other, name, "v1", "renewed");
    expectAnswer(await put.end(), { status: 404 });
    expectAnswer(await exchange(berth, { path: `/v2/${name}/blobs/${DIGEST}` }), {
      status: 404,
      code: "BLOB_UNKNOWN",
    });
    await deleteRepository(other, name);
    await expectNothingLeft();
  });

  // Two rounds of purging meet, with a push to a new repository of the same name.
  // Each has rows of its own: the purge goes by id.
  // Nobody sees anything of it.
  test("to a new one of the same name, while the old one is purged", async () => {
    const name = "deletion/reused";
    for (const label of ["a", "b", "c"]) await pushImage(other, name, label, label);
    await putManifest(other, name, index([]), "index");
    await deleteRepository(other, name);
    const rounds = [collectGarbage(collector, GRACES), collectGarbage(collector, GRACES)];
    await pushImage(berth, name, "v1", "a");
    await Promise.all(rounds);
    for (let at = 0; at < 10; at++) await collectGarbage(collector, GRACES);
    expectAnswer(await exchange(berth, { path: `/v2/${name}/manifests/v1` }), { status: 200 });
    await expectSoundScene(scene);
    await deleteRepository(other, name);
    await expectNothingLeft();
  });
});

// Two first pushes to a repository that does not exist both want to create it.
// The first one to insert it wins.
// The other uses it; both see 202.
test("two first pushes at once make one repository", async () => {
  const holds = [barriers.hold("repository_insert"), scene.otherBarriers.hold("repository_insert")];
  const starts = [berth, other].map((node) =>
    exchange(node, { method: "POST", path: "/v2/creation/twice/blobs/uploads/" }),
  );
  await Promise.all(holds.map(({ reached }) => reached));
  for (const { release } of holds) release();
  expect(statusesOf(await Promise.all(starts))).toEqual([202, 202]);
  expect(await rowsOf(berth, "SELECT 1 AS one FROM repositories WHERE name = 'creation/twice'")).toEqual([
    { one: 1 },
  ]);
});

// A first push fails and takes back the repository that it made, in which another has just begun a session.
// The session wins: the removal waits for it, and then looks.
// The first push sees its own failure, and the other nothing.
test("a repository that is taken back stays for whoever uses it by then", async () => {
  const name = "creation/taken-back";
  const hold = barriers.hold("repository_lock_by_id");
  const path = `/v2/${name}/blobs/uploads/?digest=${digestOfText("another content")}`;
  const failing = exchange(berth, { method: "POST", path, body: "of a digest that is not its own" });
  await hold.reached;
  const state = openDatabase({ ...berth.connection, poolSize: 1 }, () => undefined);
  await state.transaction(async (tx) => {
    const text = `INSERT INTO uploads (id, repository_id, principal, algorithm, version, created_at, active_at)
      SELECT gen_random_uuid(), id, 'another', 'sha256', 0, $2, $2 FROM repositories WHERE name = $1`;
    await tx.query({ name: "begin_session", text }, [name, clock.now()]);
    hold.release();
    await lockWaits(berth);
  });
  await state.close();
  expectAnswer(await failing, { status: 400, code: "DIGEST_INVALID" });
  const live = "SELECT deleted_at FROM repositories WHERE name = 'creation/taken-back'";
  expect(await rowsOf(berth, live)).toEqual([{ deleted_at: null }]);
});

// A repository is created that exists when the insert looks, and is deleted before it can be read.
// The deletion wins, and the creation tries again.
// The creator sees a new repository.
test("a creation that meets a deletion makes a new repository", async () => {
  await openSession(other, "creation/deleted");
  const absent = barriers.hold("repository_insert");
  await deleteRepository(other, "creation/deleted");
  const creating = exchange(berth, { method: "POST", path: "/v2/creation/deleted/blobs/uploads/" });
  await absent.reached;
  await openSession(other, "creation/deleted");
  const read = barriers.hold("repository_find");
  absent.release();
  await read.reached;
  await deleteRepository(other, "creation/deleted");
  read.release();
  expectAnswer(await creating, { status: 202 });
});

/** A database with nothing in it. */
async function emptyDatabase<T>(
  use: (connection: { main: object; direct: object }) => Promise<T>,
): Promise<T> {
  const name = `empty_${process.pid}_${Math.random().toString(36).slice(2)}`;
  await administer(inject("postgres"), `CREATE DATABASE ${name}`);
  const main = onDatabase(inject("postgres"), name);
  try {
    return await use({ main, direct: main });
  } finally {
    await administer(inject("postgres"), `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

describe("several nodes start at once on an empty database", () => {
  // They meet at the migrations.
  // The first one to take the lock applies them.
  // The others wait, find them applied, and go on.
  test("and migrate it once", () =>
    emptyDatabase(async (connection) => {
      await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(connection)));
      const database = openDatabase({ ...connection, poolSize: 1 }, () => undefined);
      const applied = await rowsOf<{ number: number; count: number }>(
        { database },
        "SELECT number, count(*) FROM schema_migrations GROUP BY number ORDER BY number",
      );
      await database.close();
      expect(applied.length).toBeGreaterThan(0);
      expect(applied.every(({ count }) => count === 1)).toBe(true);
    }));

  // They meet at the account, its registry and its administrator's key.
  // The first one makes each; the key is the configured one for all of them.
  // Nobody sees an error, and the key works.
  test("and make one account with one key", async () => {
    const home = await makeTestHome();
    const own = new Barriers();
    const database = openDatabase({ ...home.connection, poolSize: 8 }, () => undefined);
    const state = {
      database: own.wrap(database),
      masterKey: new MasterKey(home.config.masterKey ?? Buffer.alloc(32)),
      clock,
      isAlone: false,
      close: () => database.close(),
    };
    const hold = own.hold(COMMIT);
    const first = bootstrapAdministrator(home.config, state);
    await hold.reached;
    const others = Array.from({ length: 3 }, () => bootstrapAdministrator(home.config, state));
    await lockWaits(state, 3);
    hold.release();
    const nothing = { generated: undefined, warning: undefined };
    expect(await Promise.all([first, ...others])).toEqual(Array.from({ length: 4 }, () => nothing));
    for (const table of ["accounts", "registries", "access_keys"]) {
      expect(await rowsOf(state, `SELECT 1 FROM ${table}`), table).toHaveLength(1);
    }
    await state.close();
    const node = await startTestBerth({ home });
    expectAnswer(await exchange(node, { path: "/v2/" }), { status: 200 });
    await node.stop();
    await home.remove();
  });
});
