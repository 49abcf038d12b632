import { administratorArn } from "./access-keys.ts";
import type { Principal } from "./principal.ts";

/** Facts of the request that conditions may ask for (IAM global condition keys). */
export interface RequestContext {
  readonly sourceIp: string;
  readonly secureTransport: boolean;
  readonly time: Date;
  readonly userAgent: string;
}

export type Decision =
  | { readonly allowed: true }
  /** `reason` is what the caller is told, in IAM's words. */
  | { readonly allowed: false; readonly reason: string };

/** Decides whether a principal may take an action on a resource. Reveals nothing about whether the resource exists. */
export interface Authorizer {
  decide(principal: Principal, action: string, resource: string, context: RequestContext): Promise<Decision>;
}

/** The rule until policies exist: an account's administrator may do everything in that account, nobody else anything. */
export class AdministratorAuthorizer implements Authorizer {
  async decide(principal: Principal, action: string, resource: string): Promise<Decision> {
    const account = resource.split(":")[4];
    if (
      principal.kind !== "anonymous" &&
      principal.account === account &&
      principal.arn === administratorArn(account)
    ) {
      return { allowed: true };
    }
    const arn = principal.kind === "anonymous" ? "anonymous" : principal.arn;
    return {
      allowed: false,
      reason: `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    };
  }
}
