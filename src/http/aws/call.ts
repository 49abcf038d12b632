import type { Cause } from "../../audit/cause.ts";
import type { EcrOperations } from "../../aws-models/ecr.types.ts";
import type { EcrPublicOperations } from "../../aws-models/ecr-public.types.ts";
import type { EcsOperations } from "../../aws-models/ecs.types.ts";
import type { IamOperations } from "../../aws-models/iam.types.ts";
import type { Service } from "../../aws-models/model.ts";
import type { StsOperations } from "../../aws-models/sts.types.ts";
import type { Denial, RequestContext } from "../../iam/authorizer.ts";
import type { LoginAttempt } from "../../iam/logins/login-attempt.ts";
import type { AccountPrincipal, AnonymousPrincipal } from "../../iam/principal.ts";
import type { Clock } from "../../registry/clock.ts";

/** IAM condition keys that only the operation knows (`aws:RequestTag/team`, `aws:TagKeys`), with their values. */
export type Conditions = Readonly<Record<string, readonly string[]>>;

/** What a call has asked for so far. */
export interface CallTrace {
  /** Why it changes something, once it has said so. */
  cause: Cause | undefined;
  /** The first permission that was given: the one that the operation is known by. */
  allowed: { readonly action: string; readonly resource: string } | undefined;
  /** The one whose refusal ends the call. */
  denied: Omit<Denial, "principal" | "requestId"> | undefined;
}

interface CallFacts {
  readonly service: Service;
  readonly operation: string;
  readonly requestId: string;
  /** Whose call it is: the caller's account, or the default one where nobody signed. */
  readonly account: string;
  /** The region that the signature is scoped to. */
  readonly region: string;
  /** What conditions may ask of the request itself. */
  readonly context: RequestContext;
  /** Scheme, host and port under which the client reaches Berth. */
  readonly origin: string;
  readonly clock: Clock;
  /** Why something changes, for the audit log; asked for once the call has been allowed. */
  cause(): Cause;
}

/** A call whose signature has been verified. */
export interface AwsCall extends CallFacts {
  readonly principal: AccountPrincipal;
  /** When the caller's credentials end, if they are temporary. */
  readonly credentialsEnd: Date | undefined;
  /**
   * The permission that is called like the operation, on a resource by its ARN from the request alone, or on everything
   * ("*"). Comes before every look-up. @throws AwsError AccessDeniedException with the reason
   */
  authorize(arn: string, conditions?: Conditions): Promise<void>;
  /** A permission that the call takes beside its own. @throws AwsError AccessDeniedException with the reason */
  authorizeToo(action: string, arn: string, conditions?: Conditions): Promise<void>;
}

/** A call of an operation that AWS lets anyone make: its input proves the caller. */
export interface UnsignedCall extends CallFacts {
  readonly principal: AnonymousPrincipal;
  /** For the operation to say what is claimed, and how that ended. */
  readonly attempt: LoginAttempt;
}

/** The operations of every service, as their models type them. */
export interface Operations {
  readonly ecr: EcrOperations;
  readonly "ecr-public": EcrPublicOperations;
  readonly ecs: EcsOperations;
  readonly iam: IamOperations;
  readonly sts: StsOperations;
}

interface Typed {
  readonly input: unknown;
  readonly output: unknown;
  readonly signed: boolean;
}

/** The decision of one operation: its input has been decoded and keeps every constraint of the model. */
export type Handler<T extends Typed> = (
  call: T["signed"] extends false ? UnsignedCall : AwsCall,
  input: T["input"],
) => Promise<T["output"]>;

type HandlersOf<All> = {
  readonly [Name in keyof All]?: All[Name] extends Typed ? Handler<All[Name]> : never;
};

/** Handlers by service and operation; an operation without one says so to its caller. */
export type Handlers = { readonly [Name in Service]?: HandlersOf<Operations[Name]> };

/** Handlers of one service. */
export type ServiceHandlers<Name extends Service> = HandlersOf<Operations[Name]>;

/** The handler of one ECR operation. */
export type EcrHandler<Name extends keyof EcrOperations> = Handler<EcrOperations[Name]>;
/** The handler of one operation of ECR Public. */
export type EcrPublicHandler<Name extends keyof EcrPublicOperations> = Handler<EcrPublicOperations[Name]>;
/** The handler of one IAM operation. */
export type IamHandler<Name extends keyof IamOperations> = Handler<IamOperations[Name]>;
/** The handler of one STS operation. */
export type StsHandler<Name extends keyof StsOperations> = Handler<StsOperations[Name]>;
