/** What a document is attached to. `resource` is a resource policy of no particular service, for the simulator. */
export type PolicyKind =
  | "identity"
  | "boundary"
  | "session"
  | "trust"
  | "repository"
  | "registry"
  | "resource";

/** Registry policies of scope V1 are asked about three actions alone, those of V2 about every ECR request. */
export type RegistryPolicyScope = "V1" | "V2";

/** The actions that a registry policy of scope V1 may name and takes part in. */
export const V1_ACTIONS: readonly string[] = [
  "ecr:replicateimage",
  "ecr:batchimportupstreamimage",
  "ecr:createrepository",
];

/** What a kind of document may hold. */
export interface KindRules {
  /** Resource policies say whom they grant to; the others belong to a principal. */
  readonly principal: "required" | "forbidden";
  /** `own`: the repository that carries the policy, or `*`, which need not be said. */
  readonly resource: "required" | "forbidden" | "optional" | "own";
  /** Prefix that every action needs; undefined where any service's will do. */
  readonly service: string | undefined;
  /** Characters. IAM's default quotas; a caller with another quota passes its own. */
  readonly maxSize: number;
  /** "IAM doesn't count white space when calculating the size of a policy." */
  readonly countsWhiteSpace: boolean;
  /** IAM wants letters and digits in a Sid; ECR's own examples have spaces in theirs. */
  readonly plainSids: boolean;
}

const IDENTITY: KindRules = {
  principal: "forbidden",
  resource: "required",
  service: undefined,
  maxSize: 6144,
  countsWhiteSpace: false,
  plainSids: true,
};

const REPOSITORY: KindRules = {
  principal: "required",
  resource: "own",
  service: "ecr",
  maxSize: 10_240,
  countsWhiteSpace: true,
  plainSids: false,
};

/**
 * Sizes: managed policies and boundaries 6,144, trust policies 2,048 (IAM quotas), session policies 2,048 with white
 * space (STS), repository and registry policies 10,240 (ECR). An inline policy has 2,048 for a user, 5,120 for a group,
 * 10,240 for a role: its caller passes that.
 */
export const KINDS: Readonly<Record<PolicyKind, KindRules>> = {
  identity: IDENTITY,
  boundary: IDENTITY,
  session: { ...IDENTITY, maxSize: 2048, countsWhiteSpace: true },
  trust: { ...IDENTITY, principal: "required", resource: "forbidden", service: "sts", maxSize: 2048 },
  repository: REPOSITORY,
  registry: { ...REPOSITORY, resource: "required" },
  resource: { ...REPOSITORY, resource: "optional", service: undefined, maxSize: 20_480 },
};
