import type { Parameters } from "../../kernel/parameters.ts";
import { Refusal } from "../refusal.ts";

/** A whole number of a query; undefined without one. @throws Refusal UNSUPPORTED (400) naming parameter and bounds */
export function numberOf(query: Parameters, name: string, min: number, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = Number(text);
  if (/^\d{1,9}$/.test(text) && number >= min && number <= max) return number;
  throw wrong(`${name} must be a number from ${min} to ${max}, not ${JSON.stringify(text.slice(0, 100))}`);
}

/** What a caller of Berth's own API has got wrong. */
export function wrong(said: string): Refusal {
  return new Refusal("UNSUPPORTED", said, { status: 400 });
}
