import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";
import type { PolicyDocument } from "./document.ts";

/** A document and where it hangs, in words that an administrator recognises. */
export interface AttachedPolicy {
  /** Like `arn:aws:iam::aws:policy/…`, `inline policy deploy of role ci`, `policy of repository app`. */
  readonly label: string;
  readonly document: PolicyDocument;
}

/** One request with everything that has a say in it. */
export interface Access {
  readonly caller: Caller;
  /** Like `ecr:PutImage`; compared without regard to case. */
  readonly action: string;
  /** ARN made from the request, or `*` for an action that has no resource. */
  readonly resource: string;
  readonly context: Context;
  /** Account that owns the resource; for `*` the one whose registry is asked. */
  readonly owner: string;
  /** Inline and managed policies of the caller, of its groups or of its role. */
  readonly identity: readonly AttachedPolicy[];
  readonly boundary?: AttachedPolicy | undefined;
  /** Of the session; empty when it has none, and then it narrows nothing. */
  readonly session: readonly AttachedPolicy[];
  /** Of the repository, of the registry; or the trust policy of the role to be assumed. Others have no say. */
  readonly resourcePolicies: readonly AttachedPolicy[];
}

/** The part that a policy plays in a request. */
export type PolicyRole = "identity" | "boundary" | "session" | "resource" | "trust";

/** The statement that settled a request. */
export interface Decisive {
  readonly role: PolicyRole;
  readonly policy: AttachedPolicy;
  /** Position in the document, from 0. */
  readonly statement: number;
  readonly sid: string | undefined;
}

export type Verdict =
  /** `decidedBy` is undefined for the root of the owning account, which needs no policy. */
  { readonly allowed: true; readonly decidedBy: Decisive | undefined } | DeniedAccess;

/** Why access is not given. */
export interface DeniedAccess {
  readonly allowed: false;
  /** What the caller is told, in AWS's words. */
  readonly message: string;
  /** Whose Allow was missing or whose Deny matched. */
  readonly role: PolicyRole;
  /** The Deny that matched; undefined when nothing allowed. */
  readonly decidedBy: Decisive | undefined;
  /**
   * A policy that takes part and that nobody can read. Then this is no denial but a fault: nobody knows what the answer
   * is, and whoever asked must not be told that there is one.
   */
  readonly unreadable?: AttachedPolicy | undefined;
  /** A policy at which the decision had taken all the steps that it may: what policies say after that is not known. */
  readonly exhausted?: AttachedPolicy | undefined;
}
