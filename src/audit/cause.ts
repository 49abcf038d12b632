/** Who makes a request, and from where. */
export interface Origin {
  /** 12 digits: the account of the principal. */
  readonly account: string;
  /** ARN, or `anonymous`. */
  readonly principal: string;
  readonly accessKeyId: string | undefined;
  /** What the client was told as the request's id. */
  readonly requestId: string;
  /** Empty for what did not come over the network. */
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** Why a state changes: somebody's allowed action. Its record is part of the transaction that makes the change. */
export interface Cause extends Origin {
  /** The permission that was used, like `ecr:PutImage`. */
  readonly action: string;
  /** ARN, or `*`. */
  readonly resource: string;
  /** Input of the call, without secrets; bounded. */
  readonly parameters?: unknown;
  /** The rule of a lifecycle policy by which it is deleted. */
  readonly lifecycle?: {
    readonly policyId: string;
    readonly policyVersion: number;
    readonly rulePriority: number;
  };
  /** Actions that a policy in the call names and that are none: misspelt ones, most likely. */
  readonly unknownActions?: readonly string[] | undefined;
}

/** Characters of a user agent that are kept. */
export const USER_AGENT_MAX = 512;
