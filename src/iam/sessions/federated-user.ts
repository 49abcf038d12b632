import type { Cause } from "../../audit/cause.ts";
import { federatedUserArn } from "../principals/arns.ts";
import { IamError } from "../principals/errors.ts";
import type { ContextEntries } from "../principals/global-context.ts";
import type { Identity } from "../principals/identity.ts";
import type { Tag } from "../principals/tags.ts";
import { issueSession, type TemporaryCredentials } from "./issue.ts";
import type { StsPorts } from "./ports.ts";
import { packedSize, readSessionPolicies, type SessionPolicies } from "./session-input.ts";
import { readSessionTags, taggingActions, taggingKeys } from "./session-tags.ts";
import { holdsSessionToken } from "./session-token.ts";

export interface FederatedUserInput extends SessionPolicies {
  readonly name: string;
  /** Seconds. */
  readonly duration: number | undefined;
  readonly tags: readonly Tag[];
}

/** A session of a federated user, in the hands of whoever vouches for it. */
export interface FederatedUser {
  readonly credentials: TemporaryCredentials;
  readonly arn: string;
  /** `<account>:<name>`. */
  readonly id: string;
  /** Per cent of what a session may carry. */
  readonly packedSize: number;
}

/** Seconds. */
const DURATION = 43_200;
const ROOT_MAX = 3600;

/**
 * Temporary credentials for somebody that the caller, a user or root, vouches for: what both the caller's policies and the
 * policies of the session allow. They end with the key that asked for them, call no operation of IAM, and of STS
 * GetCallerIdentity alone. `ask` asks for a permission of the caller.
 * @throws IamError AccessDeniedException for a caller that has temporary credentials
 */
export async function federateUser(
  ports: Pick<StsPorts, "identity" | "aws" | "sessions" | "masterKey" | "clock">,
  caller: Identity,
  { name, duration: wanted, tags: given, ...policies }: FederatedUserInput,
  ask: (action: string, arn: string, conditions: ContextEntries) => Promise<void>,
  cause: () => Cause,
): Promise<FederatedUser> {
  if (caller.kind === "session" || holdsSessionToken(caller)) {
    throw new IamError("AccessDeniedException", "Cannot call GetFederationToken with session credentials");
  }
  const { account } = caller;
  const arn = federatedUserArn(account, name);
  const wantedTags = { tags: given, transitiveTagKeys: [] };
  const tagging = readSessionTags(wantedTags, undefined);
  const keys = taggingKeys(tagging, wantedTags);
  for (const action of ["sts:GetFederationToken", ...taggingActions(tagging)]) await ask(action, arn, keys);
  const { tags } = tagging;
  const narrowing = await readSessionPolicies(ports, account, policies, tags);
  const duration = caller.kind === "root" ? Math.min(wanted ?? ROOT_MAX, ROOT_MAX) : (wanted ?? DURATION);
  const issuedAt = ports.clock.now();
  const credentials = await issueSession(
    ports.sessions,
    ports.masterKey,
    {
      ...{ account, ...narrowing, tags, transitiveTagKeys: [], sourceIdentity: undefined },
      ...{ mfaAt: undefined, issuedAt },
      origin: { kind: "federated-user", federatingKey: caller.accessKeyId, sessionName: name },
      expiresAt: new Date(issuedAt.getTime() + duration * 1000),
    },
    { ...cause(), resource: arn },
  );
  return { credentials, arn, id: `${account}:${name}`, packedSize: packedSize(narrowing, tags) };
}
