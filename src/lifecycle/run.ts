import { randomUUID } from "node:crypto";
import { inTurns } from "../kernel/in-turns.ts";
import type { Turns } from "../kernel/turns.ts";
import type { Clock } from "../registry/clock.ts";
import { RegistryError } from "../registry/errors.ts";
import { evaluate } from "./evaluate.ts";
import { executionCause } from "./execution-cause.ts";
import { parseLifecyclePolicy } from "./parse-policy.ts";
import type { LifecyclePolicy } from "./policy.ts";
import type { ClaimedPolicy, LifecycleRunStore } from "./ports/run-store.ts";
import type { ImageUnit } from "./snapshot.ts";
import type { Verdict } from "./verdict.ts";

/** What a run works with. */
export interface RunPorts {
  readonly runs: LifecycleRunStore;
  readonly clock: Clock;
  readonly turns: Turns;
}

export interface RunSettings {
  readonly unit: ImageUnit;
  /** Milliseconds from one run of a policy to its next. */
  readonly interval: number;
  /** Asked before each deletion; a run that stops leaves the rest to the next, which is due at once. */
  readonly isStopping: () => boolean;
}

/** What became of a run. */
export interface Run {
  readonly claimed: ClaimedPolicy;
  /**
   * `stopped`: the node ends. `ended`: the policy or the repository was changed or deleted meanwhile. `unreadable`: the
   * stored text is no policy. `too large`: the repository holds more than can be looked at together.
   */
  readonly outcome: "done" | "stopped" | "ended" | "unreadable" | "too large";
  /** Manifests that were deleted. */
  readonly removed: number;
  /** Manifests that stayed, because they were no more what the snapshot had said. */
  readonly skipped: number;
  /** Manifests that a rule wants archived, which has no effect: there is one storage class. */
  readonly transitions: number;
}

/** Milliseconds after which a run that shows no sign of life may be taken over. */
export const LEASE = 120_000;
/** Milliseconds after which a run shows one. */
const SIGN_OF_LIFE = 30_000;

/**
 * Carries out the policy that has been due longest; undefined when none is. A node that dies leaves the rest to whoever
 * takes the run over, which begins with a snapshot of its own. Who may meet: two nodes, where the lease of the first has
 * run out, or a run and a change of its policy. The later one wins: each deletion looks whether its run is still the one.
 * The earlier one finds that it is not, and ends.
 */
export async function runDuePolicy(ports: RunPorts, settings: RunSettings): Promise<Run | undefined> {
  const { runs, clock } = ports;
  const now = clock.now();
  const claimed = await runs.claim(randomUUID(), now, after(now, LEASE));
  if (claimed === undefined) return undefined;
  const next = after(now, settings.interval);
  const policy = readPolicy(claimed.text);
  if (policy === undefined) {
    await runs.finish(claimed, undefined, next);
    return { claimed, outcome: "unreadable", ...NOTHING };
  }
  const snapshot = await runs.snapshot(claimed.repositoryId);
  if (snapshot === undefined) {
    await runs.finish(claimed, undefined, next);
    return { claimed, outcome: "too large", ...NOTHING };
  }
  const evaluation = { now: now.getTime(), unit: settings.unit };
  const verdicts = await inTurns(evaluate(policy, snapshot, evaluation), ports.turns);
  const run = await carryOut(ports, settings, claimed, verdicts);
  if (run.outcome === "done") await runs.finish(claimed, now, next);
  if (run.outcome === "stopped") await runs.finish(claimed, undefined, clock.now());
  return run;
}

const NOTHING = { removed: 0, skipped: 0, transitions: 0 };

async function carryOut(
  { runs, clock }: RunPorts,
  { unit, isStopping }: RunSettings,
  claimed: ClaimedPolicy,
  verdicts: readonly Verdict[],
): Promise<Run> {
  const expiring = verdicts.filter(({ rule }) => rule.action === "expire");
  const counts = { ...NOTHING, transitions: verdicts.length - expiring.length };
  let seenAlive = clock.now();
  for (const verdict of expiring) {
    if (isStopping()) return { claimed, outcome: "stopped", ...counts };
    const at = clock.now();
    if (at.getTime() - seenAlive.getTime() >= SIGN_OF_LIFE) {
      if (!(await runs.extend(claimed, after(at, LEASE)))) return { claimed, outcome: "ended", ...counts };
      seenAlive = at;
    }
    const cause = executionCause(claimed, verdict);
    const outcome = await runs.remove(claimed, { image: verdict.image, unit, cause, at });
    if (outcome === "run ended") return { claimed, outcome: "ended", ...counts };
    counts[outcome === "removed" ? "removed" : "skipped"]++;
  }
  return { claimed, outcome: "done", ...counts };
}

/** Undefined for a text that is no policy: stored by an older version, or by hand. */
function readPolicy(text: string): LifecyclePolicy | undefined {
  try {
    return parseLifecyclePolicy(text);
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}

function after(time: Date, milliseconds: number): Date {
  return new Date(time.getTime() + milliseconds);
}
