import { expect } from "vitest";
import { postgresGarbage } from "../../src/adapters/postgres/garbage.ts";
import { postgresUploads } from "../../src/adapters/postgres/uploads.ts";
import { openStorage } from "../../src/composition/storage.ts";
import type { CollectionGraces, CollectionPorts } from "../../src/gc/collect.ts";
import type { Clock } from "../../src/registry/clock.ts";
import type { BlobStorage } from "../../src/registry/ports/index.ts";
import { Barriers, instrumentSteps } from "../support/barrier.ts";
import { makeTestHome, openTestState, startTestBerth, type TestBerth } from "../support/berth.ts";
import { HOUR, ManualClock, MINUTE } from "../support/clock.ts";
import { type Answer, exchange, expectAnswer } from "../support/exchange.ts";
import { expectSound } from "./invariants.ts";

/**
 * A server, a second node on the same database and files, and a collector that works when a test says so (the nodes'
 * own must be mocked away), each with barriers of its own.
 */
export interface Scene<Time extends Clock = ManualClock> {
  readonly berth: TestBerth;
  readonly barriers: Barriers;
  readonly other: TestBerth;
  readonly otherBarriers: Barriers;
  readonly collector: CollectionPorts;
  readonly collectorBarriers: Barriers;
  readonly clock: Time;
  close(): Promise<void>;
}

export const GRACES: CollectionGraces = {
  uploadExpiry: 24 * HOUR,
  blobGrace: 24 * HOUR,
  deletionGrace: 30 * MINUTE,
};

export async function openScene(env?: Readonly<Record<string, string>>): Promise<Scene>;
export async function openScene<Time extends Clock>(
  env: Readonly<Record<string, string>>,
  clock: Time,
): Promise<Scene<Time>>;
export async function openScene(
  env: Readonly<Record<string, string>> = {},
  clock: Clock = new ManualClock(),
): Promise<Scene<Clock>> {
  const home = await makeTestHome(env);
  const [barriers, otherBarriers, collectorBarriers] = [new Barriers(), new Barriers(), new Barriers()];
  await instrumentSteps(home.connection.main);
  const start = async (own: Barriers, name: string): Promise<TestBerth> => {
    await own.within(home.connection.main, name);
    const main = { ...home.connection.main, application_name: name };
    const connection = { ...home.connection, main };
    return startTestBerth({
      home: { ...home, connection },
      clock,
      shared: true,
      wrapDatabase: (database) => own.wrap(database),
    });
  };
  const [berth, other] = [await start(barriers, "node a"), await start(otherBarriers, "node b")];
  const state = await openTestState(home, clock);
  const storage = await openStorage(home.config);
  const database = collectorBarriers.wrap(state.database);
  return {
    ...{ berth, barriers, other, otherBarriers, collectorBarriers, clock },
    collector: {
      garbage: postgresGarbage(database, "filesystem"),
      uploads: postgresUploads(database, storage, GRACES.deletionGrace),
      storage,
      clock,
    },
    async close() {
      for (const own of [barriers, otherBarriers, collectorBarriers]) await own.close();
      await Promise.all([berth.stop(), other.stop(), state.close()]);
      await home.remove();
    },
  };
}

/** The same collector on a storage with something in between. */
export function collectingFrom(scene: Scene, storage: Pick<BlobStorage, "delete">): CollectionPorts {
  return { ...scene.collector, storage };
}

export async function expectPulled(berth: TestBerth, path: string, content: string | Buffer): Promise<void> {
  expectAnswer(await exchange(berth, { path }), { status: 200, content });
}

export function statusesOf(answers: readonly Answer[]): readonly number[] {
  return answers.map(({ status }) => status).sort();
}

/** After every test of a race nothing may be broken, whoever won. */
export async function expectSoundScene({ berth }: Pick<Scene, "berth">): Promise<void> {
  await expectSound(berth);
  expect(berth.log.filter(({ level }) => level === "error")).toEqual([]);
}
