import type { Page } from "../../../kernel/page.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall } from "../call.ts";
import type { PageTokens } from "../page-tokens.ts";
import { ListPage } from "../paging.ts";

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
export class Paging extends ListPage {
  /** `filters` are what else decides what is listed. @throws AwsError ValidationError for a marker of another list */
  constructor(
    tokens: PageTokens,
    call: AwsCall,
    { MaxItems: size, Marker: token }: Paged,
    filters: readonly (string | undefined)[] = [],
  ) {
    // IAM is one for all regions, and so are its markers.
    const list = { operation: call.operation, account: call.account, region: "", filters };
    super(tokens, list, { size, token }, wrongMarker);
  }

  /** What the answer says about the next page. */
  marker({ next }: Pick<Page<unknown>, "next">): MarkerAnswer {
    const marker = this.token(next);
    return marker === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: marker };
  }

  /** A page of a list that is in memory, in the order of its keys. */
  cut<Item>(items: readonly Item[], keyOf: (item: Item) => string): Page<Item> {
    const rest = items.filter((item) => keyOf(item) > this.after);
    const shown = rest.slice(0, this.limit);
    const last = shown.at(-1);
    const next = rest.length > shown.length && last !== undefined ? keyOf(last) : undefined;
    return { items: shown, next };
  }
}

function wrongMarker(): AwsError {
  return new AwsError("ValidationError", "Invalid Marker: it does not belong to this list");
}
