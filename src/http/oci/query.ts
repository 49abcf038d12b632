import { queryText } from "../../kernel/parameters.ts";

/**
 * The query of a request to the registry, to be parsed. A plus sign stands for itself, as in any URI (RFC 3986): types such
 * as `application/vnd.example+json` come as they are, and blanks come as `%20`. Only forms write blanks as plus signs.
 */
export function registryQuery(url: string | undefined): string {
  return queryText(url).replaceAll("+", "%2B");
}
