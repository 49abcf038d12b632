import { PROBE_KEY } from "../../../src/adapters/s3/index.ts";
import type { S3StandIn } from "../s3-stand-in.ts";
import { crash, type Death } from "./crash.ts";
import type { Lane } from "./lane.ts";
import type { MakePush } from "./pushes.ts";
import { allPoints, type CrashPoint, distinctPoints, pointsWithin } from "./steps.ts";

/** What a series of crashes has shown. */
export interface CrashReport {
  /** Steps that the push goes through. */
  readonly steps: number;
  /** Crashes in the middle of it. */
  readonly crashes: number;
  /** Points that a later run of the push did not come by. */
  readonly missed: readonly string[];
  /** What was wrong, by point. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
}

/** Also those points that differ from their neighbours in nothing that outlives the process. */
const ALL = process.env["CRASH_POINTS"] === "all";

/**
 * Runs a push once to learn its steps and once more for each of them, with the server killed there. With a stand-in
 * for S3 also at each of its requests, when it has been done and not answered.
 */
export async function crashEverywhere(lane: Lane, make: MakePush, standIn?: S3StandIn): Promise<CrashReport> {
  let crashes = 0;
  const missed: string[] = [];
  const problems: Record<string, readonly string[]> = {};
  const run = async (death: Death, mayLive = false): Promise<void> => {
    const found = await crash(lane, make(`crash/${crashes}`), death);
    if (found.problems.length > 0) problems[death.name] = found.problems;
    crashes++;
    if (!found.died && !mayLive && !death.mayMiss) missed.push(death.name);
  };
  const observed = observe(standIn);
  await run(observed.death, true);
  const reached = await observed.reached();
  const knowsInner = standIn !== undefined || reached.some((step) => step.startsWith("after file "));
  const points = ALL ? allPoints(reached) : distinctPoints(reached, knowsInner);
  const isDone = ALL || standIn !== undefined;
  const within = isDone ? [] : pointsWithin(reached).filter(({ step }) => !lane.tried.has(step));
  for (const { step } of within) lane.tried.add(step);
  for (const point of [...points, ...within]) await run(atStep(point));
  for (let nth = 1; standIn !== undefined && nth <= observed.requests(); nth++) {
    if (ALL) await run(atRequest(standIn, nth, "before"));
    await run(atRequest(standIn, nth, "after"));
  }
  return { steps: reached.length, crashes, missed, problems };
}

/** Dies after the last answer only, and tells what it went through until then. */
function observe(standIn: S3StandIn | undefined): {
  readonly death: Death;
  reached(): Promise<readonly string[]>;
  requests(): number;
} {
  let requests = 0;
  let reached: Promise<readonly string[]> = Promise.resolve([]);
  return {
    death: {
      name: "after the last answer",
      async arm(child) {
        await child.arm(undefined);
        standIn?.faults.cut("before", 1, ({ key }) => {
          if (isOfUpload(key)) requests++;
          return false;
        });
        const { kill } = child;
        Object.assign(child, {
          async kill() {
            reached = child.report();
            await reached;
            standIn?.faults.clear();
            await kill();
          },
        });
      },
    },
    reached: () => reached,
    requests: () => requests,
  };
}

function atStep(point: CrashPoint): Death {
  const times = point.nth === 1 ? "" : ` (${point.nth})`;
  const mayMiss = point.nth > 1;
  return { name: `${point.step}${times}`, mayMiss, arm: (child) => child.arm(point) };
}

function atRequest(standIn: S3StandIn, nth: number, when: "before" | "after"): Death {
  return {
    name: `request ${nth} to S3, ${when === "before" ? "lost" : "done and not answered"}`,
    async arm(child) {
      let seen = 0;
      standIn.faults.clear();
      standIn.faults.cut(when, 1, ({ key }) => {
        if (!isOfUpload(key)) return false;
        seen++;
        if (seen !== nth) return false;
        void child.kill();
        return true;
      });
    },
  };
}

/** The next child is starting meanwhile, and looks at the bucket. */
function isOfUpload(key: string): boolean {
  return key !== "" && key !== PROBE_KEY;
}
