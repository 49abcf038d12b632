import { expect } from "vitest";
import type { TestBerth } from "./berth.ts";
import { type Answer, exchange } from "./exchange.ts";

/** The path of the next page that an answer links to; undefined at the end. */
export function nextPage({ headers }: Answer): string | undefined {
  const { link } = headers;
  if (link === undefined) return undefined;
  const match = /^<([^>]+)>; rel="next"$/.exec(String(link));
  expect(match, String(link)).not.toBeNull();
  return match?.[1];
}

/** Every page of a list, as a client follows them from `path`. */
export async function followPages(berth: TestBerth, path: string): Promise<readonly Answer[]> {
  const pages: Answer[] = [];
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: Answer = await exchange(berth, { path: next });
    expect(page.status, page.body.toString()).toBe(200);
    pages.push(page);
    next = nextPage(page);
    if (pages.length > 1000) throw new Error(`the pages of ${path} do not end: ${next}`);
  }
  return pages;
}
