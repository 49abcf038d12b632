import type { Page, PageRequest } from "../../../iam/principals/ports/index.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import type { PageBinding, PageTokens } from "../page-tokens.ts";

const PAGE_DEFAULT = 100;

interface Paged {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

/** How an answer says whether there is more. */
export interface MarkerAnswer {
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

/** One page of a list, as IAM's clients ask for it. */
export class Paging implements PageRequest {
  readonly after: string;
  readonly limit: number;
  readonly #tokens: PageTokens;
  readonly #binding: PageBinding;

  /** `filters` are what else decides what is listed. @throws AwsError ValidationError for a marker of another list */
  constructor(
    tokens: PageTokens,
    call: AwsCall,
    input: Paged,
    filters: readonly (string | undefined)[] = [],
  ) {
    // IAM is one for all regions, and so are its markers.
    this.#binding = { operation: call.operation, account: call.account, region: "", filters };
    this.#tokens = tokens;
    this.limit = input.MaxItems ?? PAGE_DEFAULT;
    this.after = input.Marker === undefined ? "" : this.#open(input.Marker);
  }

  /** What the answer says about the next page. */
  marker({ next }: Pick<Page<unknown>, "next">): MarkerAnswer {
    if (next === undefined) return { IsTruncated: false };
    return { IsTruncated: true, Marker: this.#tokens.seal(this.#binding, [next]) };
  }

  /** A page of a list that is in memory, in the order of its keys. */
  cut<Item>(items: readonly Item[], keyOf: (item: Item) => string): Page<Item> {
    const rest = items.filter((item) => keyOf(item) > this.after);
    const shown = rest.slice(0, this.limit);
    const last = shown.at(-1);
    const next = rest.length > shown.length && last !== undefined ? keyOf(last) : undefined;
    return { items: shown, next };
  }

  #open(marker: string): string {
    const [after] = this.#tokens.open(this.#binding, marker) ?? [];
    if (after !== undefined) return after;
    throw new AwsError("ValidationError", "Invalid Marker: it does not belong to this list");
  }
}
