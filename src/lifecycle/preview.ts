import { randomUUID } from "node:crypto";
import { inTurns } from "../kernel/in-turns.ts";
import type { Turns } from "../kernel/turns.ts";
import type { Clock } from "../registry/clock.ts";
import type { Digest } from "../registry/digest.ts";
import { RegistryError } from "../registry/errors.ts";
import type { RepositoryName } from "../registry/names.ts";
import { repositoryUnknown } from "../registry/repositories/errors.ts";
import type { Scope } from "../registry/scope.ts";
import { policyUnknown, previewsTooMany, previewUnderWay, previewUnknown } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import { parseLifecyclePolicy } from "./parse-policy.ts";
import type {
  BegunPreview,
  PreviewResult,
  PreviewStore,
  PreviewSummary,
  StoredPreview,
} from "./ports/preview-store.ts";
import type { ImageUnit } from "./snapshot.ts";
import { sentenceOf, type Verdict } from "./verdict.ts";

/** What previews are made with; one for a process. */
export interface PreviewPorts {
  readonly previews: PreviewStore;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly unit: ImageUnit;
  /** Previews that this process is making. */
  readonly running: { count: number };
}

/** Milliseconds after which results are no more shown: the repository is another one by then. */
export const PREVIEW_KEPT = 24 * 3_600_000;
/** Milliseconds after which a preview without a sign of life is given up. */
const LEASE = 120_000;
/** Results that are stored together. */
const BATCH = 500;
/** Previews that one process makes at once: each holds a repository in memory. */
const RUNNING_MAX = 4;

/**
 * Makes a preview of `text`, or of the stored policy, and gives the text. It is there when this resolves.
 * @throws RegistryError NAME_UNKNOWN, LIFECYCLE_POLICY_INVALID, LIFECYCLE_POLICY_UNKNOWN, LIFECYCLE_PREVIEW_UNDER_WAY,
 *   TOOMANYREQUESTS
 */
export async function startLifecyclePreview(
  ports: PreviewPorts,
  scope: Scope,
  name: RepositoryName,
  text: string | undefined,
): Promise<string> {
  if (text !== undefined) parseLifecyclePolicy(text);
  if (ports.running.count >= RUNNING_MAX) throw previewsTooMany();
  ports.running.count++;
  try {
    const begun = await begin(ports, scope, name, text);
    await make(ports, begun);
    return begun.text;
  } finally {
    ports.running.count--;
  }
}

async function begin(
  { previews, clock }: PreviewPorts,
  scope: Scope,
  name: RepositoryName,
  text: string | undefined,
): Promise<BegunPreview> {
  const at = clock.now();
  const wanted = { previewId: randomUUID(), text, at, until: new Date(at.getTime() + LEASE) };
  const begun = await previews.begin(scope, name, wanted);
  if (begun === "unknown") throw repositoryUnknown(scope.account, name);
  if (begun === "no policy") throw policyUnknown(scope.account, name);
  if (begun === "under way") throw previewUnderWay(scope.account, name);
  return begun;
}

/** A preview that fails says so to whoever asks for it: of a text that cannot be read, of a repository that is too large. */
async function make(ports: PreviewPorts, begun: BegunPreview): Promise<void> {
  let summary: PreviewSummary | undefined;
  try {
    summary = await summarize(ports, begun);
  } catch (error) {
    const isText = error instanceof RegistryError && error.reason === "LIFECYCLE_POLICY_INVALID";
    if (!isText) {
      await ports.previews.finish(begun, undefined).catch(() => undefined);
      throw error;
    }
  }
  await ports.previews.finish(begun, summary);
}

async function summarize(
  { previews, clock, turns, unit }: PreviewPorts,
  begun: BegunPreview,
): Promise<PreviewSummary | undefined> {
  const policy = parseLifecyclePolicy(begun.text);
  const snapshot = await previews.snapshot(begun.repositoryId);
  if (snapshot === undefined) return undefined;
  const now = clock.now().getTime();
  const verdicts = await inTurns(evaluate(policy, snapshot, { now, unit }), turns);
  for (let from = 0; from < verdicts.length; from += BATCH) {
    const results = verdicts.slice(from, from + BATCH).map((verdict, at) => toResult(verdict, from + at));
    if (!(await previews.add(begun, results, new Date(clock.now().getTime() + LEASE)))) return undefined;
  }
  const expiring = verdicts.filter(({ rule }) => rule.action === "expire").length;
  const bytes = await previews.bytesBack(begun, verdicts.length);
  return { expiring, transitioning: verdicts.length - expiring, bytes };
}

function toResult(verdict: Verdict, position: number): PreviewResult {
  const { image, rule } = verdict;
  return {
    ...{ position, manifestId: image.id, digest: image.digest, tags: image.tags },
    ...{ pushedAt: new Date(image.pushedAt), action: rule.action, rulePriority: rule.priority },
    ...{ storageClass: image.storageClass, reason: sentenceOf(verdict) },
  };
}

/** A preview as it is now. `EXPIRED`: its results are too old to be shown. */
export interface Preview extends PreviewSummary {
  readonly text: string;
  readonly status: "IN_PROGRESS" | "COMPLETE" | "FAILED" | "EXPIRED";
  /** None unless it is complete. */
  readonly results: readonly PreviewResult[];
  /** The position after which the next page begins; undefined at the end. */
  readonly next: number | undefined;
}

/** Which results are wanted: a page, or those of images by digest or tag. */
export type WantedResults =
  | { readonly after: number; readonly limit: number }
  | { readonly digests: readonly Digest[]; readonly tags: readonly string[] };

/** @throws RegistryError NAME_UNKNOWN, LIFECYCLE_PREVIEW_UNKNOWN */
export async function getLifecyclePreview(
  { previews, clock }: Pick<PreviewPorts, "previews" | "clock">,
  scope: Scope,
  name: RepositoryName,
  tagged: boolean | undefined,
  wanted: WantedResults,
): Promise<Preview> {
  const stored = await previews.find(scope, name);
  if (stored === "unknown") throw repositoryUnknown(scope.account, name);
  if (stored === undefined) throw previewUnknown(scope.account, name);
  const { text, expiring, transitioning, bytes } = stored;
  const status = statusAt(stored, clock.now());
  const summary = { expiring, transitioning, bytes, text, status };
  if (status !== "COMPLETE") return { ...summary, results: [], next: undefined };
  if ("digests" in wanted) {
    return { ...summary, results: await previews.resultsOf(stored, { ...wanted, tagged }), next: undefined };
  }
  const { after, limit } = wanted;
  const read = await previews.results(stored, { tagged, after, limit: limit + 1 });
  const results = read.slice(0, limit);
  return { ...summary, results, next: read.length > limit ? results.at(-1)?.position : undefined };
}

function statusAt({ status, startedAt, aliveUntil }: StoredPreview, now: Date): Preview["status"] {
  if (status === "IN_PROGRESS" && aliveUntil <= now) return "FAILED";
  const isOld = now.getTime() - startedAt.getTime() >= PREVIEW_KEPT;
  return status === "COMPLETE" && isOld ? "EXPIRED" : status;
}
