/** What a token of an identity provider proves. */
export interface VerifiedToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly subject: string;
  /** The client that it is for: the authorised party where the token names one, else its audience. */
  readonly audience: string;
  /** As the token has them. */
  readonly audiences: readonly string[];
}
