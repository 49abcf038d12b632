import type { AuditRecorder } from "../../audit/recorder.ts";
import type { Authorizer, Decision, Denial, RequestContext } from "../authorizer.ts";
import type { AccountPrincipal, Principal } from "../principal.ts";
import type { ClaimMismatch } from "../sessions/refused-identity.ts";

/** A denial as the audit log keeps it. */
export interface KeptDenial {
  /** Id of the request. */
  readonly id: string;
  readonly at: Date;
  /** Of the principal. */
  readonly account: string;
  readonly principal: string;
  readonly accessKeyId: string;
  readonly action: string;
  readonly resource: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly secureTransport: boolean;
  /** The region that was asked; absent from records of older versions. */
  readonly region?: string;
  readonly conditions: Readonly<Record<string, readonly string[]>>;
  /** What the principal was told. */
  readonly reason: string;
  /** What was wrong with a token of an identity provider that proves nobody. */
  readonly mismatch?: ClaimMismatch;
}

export interface DenialStore {
  /** By the id of the request that it ended. */
  findDenial(id: string): Promise<KeptDenial | undefined>;
}

/** Writes a denial to the audit log; the id by which it is found, or undefined when it is not kept: nobody's, or one too many. */
export function recordDenial(
  recorder: Pick<AuditRecorder, "noteDenial">,
  denial: Denial,
): string | undefined {
  const { principal, action, resource, context, reason, requestId } = denial;
  if (principal.kind === "anonymous") return undefined;
  const { secureTransport, region, conditions = {} } = context;
  const kept = recorder.noteDenial(whoseNoise(principal), {
    ...{ at: context.time, requestId, account: principal.account, principal: principal.arn },
    ...{ accessKeyId: principal.accessKeyId, action, resource, decision: "denied" as const, reason },
    ...{ sourceIp: context.sourceIp, userAgent: context.userAgent },
    detail: { context: { secureTransport, region, conditions } },
  });
  return kept ? requestId : undefined;
}

/** Whose denials count together: a name that whoever asks for a session chooses makes nobody else of it. */
function whoseNoise(principal: AccountPrincipal): string {
  if (principal.kind === "session") return principal.role;
  return principal.kind === "federated-user" ? (principal.user ?? principal.account) : principal.arn;
}

/** Decides as another authorizer does, and keeps the denials that requests end with. */
export class RecordingAuthorizer implements Authorizer {
  readonly #authorizer: Authorizer;
  readonly #recorder: Pick<AuditRecorder, "noteDenial">;

  constructor(authorizer: Authorizer, recorder: Pick<AuditRecorder, "noteDenial">) {
    this.#authorizer = authorizer;
    this.#recorder = recorder;
  }

  decide(principal: Principal, action: string, resource: string, context: RequestContext): Promise<Decision> {
    return this.#authorizer.decide(principal, action, resource, context);
  }

  known(
    principal: Principal,
    action: string,
    resource: string,
    context: RequestContext,
  ): Decision | undefined {
    return this.#authorizer.known?.(principal, action, resource, context);
  }

  keepDenial(denial: Denial): string | undefined {
    return recordDenial(this.#recorder, denial);
  }
}
