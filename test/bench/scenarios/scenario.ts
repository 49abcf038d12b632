import type { Operation } from "../measure/load.ts";
import type { Fixtures } from "./fixtures.ts";

/** Requests per second, images per second, …; or MB/s, for which bytes are counted instead of operations. */
export type Unit = "requests/s" | "images/s" | "lists/s" | "MB/s";

/** One way of using a registry, measured by itself. */
export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly unit: Unit;
  /** Users at once, each on a connection of its own. */
  readonly users: number;
  /** So many operations; absent: as many as there is time for. */
  readonly count?: number;
  /** Big files that the server stored for it are removed from the disk after each measurement. */
  readonly leavesBigFiles?: true;
  /** Makes what the operation needs, untimed, before each measurement. */
  prepare(fixtures: Fixtures): Promise<Operation>;
}
