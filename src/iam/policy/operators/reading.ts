import type { Steps } from "../steps.ts";

/** Reads a value of the request; undefined when it is not of the kind. */
export type Reading<Value> = (found: string, steps: Steps) => Value | undefined;

/**
 * Remembers the value that was read last, for it is compared with many of the policy one after the other. `cost` is what
 * reading takes, in steps.
 */
export function reading<Value>(parse: (text: string) => Value | undefined, cost: number): Reading<Value> {
  let last: { readonly text: string; readonly value: Value | undefined } | undefined;
  return (text, steps) => {
    if (last?.text === text) return last.value;
    steps.take(cost);
    last = { text, value: parse(text) };
    return last.value;
  };
}
