import { expect, test } from "vitest";
import { inTurns } from "../../src/kernel/in-turns.ts";
import { Turns } from "../../src/kernel/turns.ts";
import { evaluate } from "../../src/lifecycle/evaluate.ts";
import { parseLifecyclePolicy } from "../../src/lifecycle/parse-policy.ts";
import type { ImageFacts, Listing } from "../../src/lifecycle/snapshot.ts";
import { digestOf } from "../../src/registry/digest.ts";
import { anImage, patterns, policyText, rule } from "../lifecycle/builders.ts";

/** Milliseconds of one core that an evaluation may take. */
const COST_MAX = 5_000;
/** Milliseconds of one core that it may keep others waiting. */
const TURN_MAX = 50;
const IMAGES = 100_000;

/** Two of three images have tags; every fifth is an index of the three before it, and some refer to another one. */
function content(): { readonly images: readonly ImageFacts[]; readonly listings: readonly Listing[] } {
  const images: ImageFacts[] = [];
  const listings: Listing[] = [];
  for (let at = 0; at < IMAGES; at++) {
    const tags = at % 3 === 0 ? [] : [`release-${at % 977}`, `v${at}`];
    const subject = at % 9 === 5 ? images[at - 3]?.digest : undefined;
    images.push(
      anImage("", (at * 7_919) % 1_000, tags, { id: at, digest: digestOf(Buffer.from(`${at}`)), subject }),
    );
    if (at % 5 === 4) for (const back of [1, 2, 3]) listings.push({ index: at, listed: at - back });
  }
  return { images, listings };
}

test("100,000 images and 50 rules of wildcards take less than 5 s, and nobody waits for long", async () => {
  const rules = Array.from({ length: 49 }, (_, at) => rule(at + 1, patterns(`*${at}-*9*${at % 7}*`)));
  const policy = parseLifecyclePolicy(policyText(...rules, rule(50, { countNumber: 50 })));
  const snapshot = content();
  let [longest, isOver, before] = [0, false, process.threadCpuUsage()];
  const took = (since: NodeJS.CpuUsage): number => {
    const { user, system } = process.threadCpuUsage(since);
    return (user + system) / 1_000;
  };
  const look = (): void => {
    longest = Math.max(longest, took(before));
    before = process.threadCpuUsage();
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const begin = process.threadCpuUsage();
  const verdicts = await inTurns(evaluate(policy, snapshot, { now: Date.now(), unit: "image" }), new Turns());
  isOver = true;
  expect(verdicts.length).toBeGreaterThan(IMAGES / 2);
  expect(took(begin)).toBeLessThan(COST_MAX);
  expect(longest, "milliseconds of the longest turn").toBeLessThan(TURN_MAX);
});
