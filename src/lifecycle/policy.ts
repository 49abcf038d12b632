/** Rules of one policy, at most (ECR's quota). */
export const RULES_MAX = 50;

export type StorageClass = "standard" | "archive";

/** Which images a rule is about, by their tags. Entries of a list are joined by AND; different tags may fulfil them. */
export type TagRequirement =
  | { readonly status: "any" | "untagged" }
  | { readonly status: "tagged"; readonly by: "prefix" | "pattern"; readonly entries: readonly string[] };

/** What makes an image of a rule one too many: its place from the youngest on, or its age in days of 24 hours. */
export interface Limit {
  readonly type: "imageCountMoreThan" | "sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned";
  readonly number: number;
}

/** `transition`: to the storage class archive. */
export type Action = "expire" | "transition";

export interface Rule {
  /** Unique; the smallest is the first. */
  readonly priority: number;
  readonly description: string | undefined;
  readonly tags: TagRequirement;
  readonly storageClass: StorageClass;
  readonly limit: Limit;
  readonly action: Action;
}

/** A lifecycle policy that keeps all the rules of its grammar. Made by `parseLifecyclePolicy`. */
export interface LifecyclePolicy {
  /** By priority, the first one first. */
  readonly rules: readonly Rule[];
}
