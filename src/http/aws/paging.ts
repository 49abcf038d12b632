import type { PageRequest } from "../../kernel/page.ts";
import type { PageBinding, PageTokens } from "./page-tokens.ts";

/** Entries of a page when the client names no number. */
const PAGE_DEFAULT = 100;

/** What a client says of the page that it wants. */
export interface WantedPage {
  readonly size: number | undefined;
  /** What the answer before said of the next page; undefined for the first. */
  readonly token: string | undefined;
}

/** One page of a list, which begins after a key and says the key after which the next one begins. */
export class ListPage implements PageRequest {
  /** Empty for the first page. */
  readonly after: string;
  readonly limit: number;
  readonly #tokens: PageTokens;
  readonly #binding: PageBinding;

  /** `wrongToken` is thrown for a token that was not made for this very list. */
  constructor(
    tokens: PageTokens,
    list: PageBinding,
    { size = PAGE_DEFAULT, token }: WantedPage,
    wrongToken: () => Error,
  ) {
    this.#tokens = tokens;
    this.#binding = list;
    this.limit = size;
    const [after] = token === undefined ? [""] : (tokens.open(this.#binding, token) ?? []);
    if (after === undefined) throw wrongToken();
    this.after = after;
  }

  /** The token of the next page, which begins after `next`; undefined at the end. */
  token(next: string | undefined): string | undefined {
    return next === undefined ? undefined : this.#tokens.seal(this.#binding, [next]);
  }
}
