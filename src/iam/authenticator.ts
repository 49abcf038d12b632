import type { LoginAttempt } from "./logins/login-attempt.ts";
import type { AccountPrincipal, AnonymousPrincipal } from "./principal.ts";
import type { TokenAccess } from "./tokens/registry-token.ts";

/** What a token is good for. */
interface TokenLimits {
  /** What a scoped token narrows its holder to; undefined: nothing. */
  readonly access: readonly TokenAccess[] | undefined;
  /** Region that a token is for; undefined: any. */
  readonly region: string | undefined;
}

/** What an `Authorization` header proves. */
export type Authentication =
  | ({ readonly state: "proven"; readonly principal: AccountPrincipal | AnonymousPrincipal } & TokenLimits)
  /** A token of ours whose time is over; its holder is known, and what it was good for. */
  | ({ readonly state: "expired"; readonly principal: AccountPrincipal; readonly since: Date } & TokenLimits)
  /** Wrong, unknown, malformed. */
  | { readonly state: "refused" };

/** Proves who makes a request. */
export interface Authenticator {
  /** What {@link authenticate} answers, where that is known without waiting. */
  known?(authorization: string, attempt: LoginAttempt): Authentication | undefined;
  /** @throws RegistryError TOOMANYREQUESTS where too much was wrong before */
  authenticate(authorization: string, attempt: LoginAttempt): Promise<Authentication>;
}
