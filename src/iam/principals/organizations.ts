/** An organization of accounts, as AWS Organizations names it, seen from one of them. */
export interface Organization {
  /** `o-…`: `aws:PrincipalOrgID`. */
  readonly id: string;
  /** `o-…/r-…/ou-…/`, where the account is in it: `aws:PrincipalOrgPaths`. Undefined when nobody says. */
  readonly path: string | undefined;
}

/** Who is in which organization. Configured, since Berth has none of its own. */
export interface Organizations {
  /** Undefined for an account that is in none. */
  of(account: string): Organization | undefined;
}

/** Of accounts that nobody says anything about. */
export const NO_ORGANIZATIONS: Organizations = { of: () => undefined };

/** `o-…`, `o-…/r-…/`, `o-…/r-…/ou-…/ou-…/`, the last slash at will, after `<account>=` for one account alone. */
const ENTRY =
  /^(?:(?<account>\d{12})=)?(?<id>o-[a-z0-9]{10,32})(?<below>\/r-[a-z0-9]{4,32}(?:\/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}){0,5})?\/?$/;

/**
 * Reads entries that are separated by commas. One without an account is for all that none names.
 * @throws Error that says the rule
 */
export function parseOrganizations(text: string): Organizations {
  const entries = text.split(",").map((entry) => parseEntry(entry.trim()));
  const byAccount = new Map(entries);
  if (byAccount.size < entries.length) throw new Error("must name no account twice");
  const others = byAccount.get(OTHERS);
  return { of: (account) => byAccount.get(account) ?? others };
}

/** In the place of an account that is not named. */
const OTHERS = "";

function parseEntry(entry: string): [string, Organization] {
  const { account = OTHERS, id, below } = ENTRY.exec(entry)?.groups ?? {};
  if (id === undefined) {
    throw new Error("must be o-…, o-…/r-…/ or o-…/r-…/ou-…/, each perhaps after ACCOUNT=, comma-separated");
  }
  return [account, { id, path: below === undefined ? undefined : `${id}${below}/` }];
}
