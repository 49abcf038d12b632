/** Who makes a request. */
export type Principal = AccountPrincipal | AnonymousPrincipal;

export interface AccountPrincipal {
  readonly kind: "user" | "root";
  readonly account: string;
  /** `arn:aws:iam::<account>:user/<name>` or `…:root`. */
  readonly arn: string;
  /** The access key that proved it; shown in logs. */
  readonly accessKeyId: string;
}

export interface AnonymousPrincipal {
  readonly kind: "anonymous";
}

export const ANONYMOUS: AnonymousPrincipal = { kind: "anonymous" };
