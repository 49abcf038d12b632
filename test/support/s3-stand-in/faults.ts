import type { IncomingHttpHeaders } from "node:http";

/** A request as a test sees it. */
export interface SeenRequest {
  readonly method: string;
  /** Empty: the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

export type Matches = (request: SeenRequest) => boolean;

/** What happens to a request instead of, or before, its answer. */
export type Fault =
  | { readonly kind: "answer"; readonly status: 404 | 500 | 503 }
  /** Cut before anything is answered, after it has been done and before it is answered, or in mid-body. */
  | { readonly kind: "cut"; readonly when: "before" | "after" | "midway" }
  /** Nothing is done until then. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** Half of the body comes, the rest only then. */
  | { readonly kind: "stall"; readonly until: Promise<unknown> };

/** Faults that a test has ordered. Each request takes the first that matches it. */
export class Faults {
  #ordered: { fault: Fault; times: number; matches: Matches }[] = [];

  answer(status: 404 | 500 | 503, times: number, matches: Matches = () => true): void {
    this.#ordered.push({ fault: { kind: "answer", status }, times, matches });
  }

  cut(when: "before" | "after" | "midway", times: number, matches: Matches = () => true): void {
    this.#ordered.push({ fault: { kind: "cut", when }, times, matches });
  }

  hold(until: Promise<unknown>, times: number, matches: Matches = () => true): void {
    this.#ordered.push({ fault: { kind: "hold", until }, times, matches });
  }

  stall(until: Promise<unknown>, times: number, matches: Matches = () => true): void {
    this.#ordered.push({ fault: { kind: "stall", until }, times, matches });
  }

  clear(): void {
    this.#ordered = [];
  }

  take(request: SeenRequest): Fault | undefined {
    const found = this.#ordered.find(({ times, matches }) => times > 0 && matches(request));
    if (found === undefined) return undefined;
    found.times--;
    return found.fault;
  }
}
