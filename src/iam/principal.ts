import type { Identity } from "./principals/identity.ts";

/** Who makes a request. */
export type Principal = AccountPrincipal | AnonymousPrincipal;

/** A root, a user or a session of a role: whoever belongs to an account. */
export type AccountPrincipal = Identity;

export interface AnonymousPrincipal {
  readonly kind: "anonymous";
}

export const ANONYMOUS: AnonymousPrincipal = { kind: "anonymous" };

/** What logs and rows call a principal. */
export function principalName(principal: Principal): string {
  return principal.kind === "anonymous" ? "anonymous" : principal.arn;
}
