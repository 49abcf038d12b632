import { join } from "node:path";
import type { Options } from "../options.ts";
import { startBerth } from "./berth.ts";
import { hasDebian, startDebian, startDistribution } from "./distribution.ts";
import { basic, type Target } from "./target.ts";

/** What is measured unless asked otherwise. */
export function defaultTargets(): readonly string[] {
  return ["berth", "distribution", ...(hasDebian() ? ["debian"] : [])];
}

/** Starts a target by its name, in a folder of its own below `work`. @throws Error for a name that is none */
export function startTarget(name: string, options: Options, work: string): Promise<Target> {
  const folder = join(work, name);
  if (name === "distribution") return startDistribution(folder);
  if (name === "debian") return startDebian(folder);
  const berth = /^berth(?:-([1-9]\d?))?$/.exec(name);
  if (berth === null) throw new Error(`there is no target ${name}; see --help`);
  const { berthMode: mode, checkout, cpuProfiles } = options;
  const processes = Number(berth[1] ?? options.processes);
  return startBerth({ name, mode, processes, checkout, folder, cpuProfiles });
}

/** A registry that runs already. */
export function runningTarget(name: string, url: string, credentials: string | undefined): Target {
  return {
    name,
    origin: new URL(url).origin,
    authorization: credentials === undefined ? undefined : basic(credentials),
    note: `${url}, ${credentials === undefined ? "without credentials" : "with credentials"}`,
    processes: [],
    folder: undefined,
    stop: async () => undefined,
  };
}
