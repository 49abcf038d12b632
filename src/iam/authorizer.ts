import type { Principal } from "./principal.ts";

/** Facts of the request that conditions may ask for (IAM global condition keys). */
export interface RequestContext {
  readonly sourceIp: string;
  readonly secureTransport: boolean;
  readonly time: Date;
  readonly userAgent: string;
  /** The region that the request speaks to; the server's own where it is absent. */
  readonly region?: string | undefined;
  /** Keys that only the call knows, such as `aws:RequestTag/team`. */
  readonly conditions?: Readonly<Record<string, readonly string[]>>;
}

export type Decision =
  | { readonly allowed: true }
  /** `reason` is what the caller is told, in IAM's words. */
  | {
      readonly allowed: false;
      readonly reason: string;
      /** A policy denies it, or nobody knows; absent where none allows it. */
      readonly isExplicit?: boolean;
    };

/** A decision that a request ended with. */
export interface Denial {
  readonly principal: Principal;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
  readonly reason: string;
  /** What the client is told as the request's id. */
  readonly requestId: string;
}

/** Decides whether a principal may take an action on a resource. Reveals nothing about whether the resource exists. */
export interface Authorizer {
  decide(principal: Principal, action: string, resource: string, context: RequestContext): Promise<Decision>;
  /** What {@link decide} answers, where that is known without waiting. */
  known?(
    principal: Principal,
    action: string,
    resource: string,
    context: RequestContext,
  ): Decision | undefined;
  /** Keeps a denial in the audit log, and gives the id to ask for it with; undefined when it is not kept. */
  keepDenial?(denial: Denial): string | undefined;
}
