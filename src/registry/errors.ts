/** Why the domain refuses, or fails. Each door says it in its own words: see the tables of `src/http` and `src/cli`. */
export type Reason =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "UPLOAD_EMPTY"
  | "UPLOAD_PART_TOO_SMALL"
  | "UPLOAD_PARTS_TOO_MANY"
  | "LAYER_EXISTS"
  | "LAYER_INACCESSIBLE"
  | "DIGEST_INVALID"
  | "DIGEST_MISMATCH"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_CHILD_UNKNOWN"
  | "MANIFEST_DIGEST_WRONG"
  | "MANIFEST_INVALID"
  | "MANIFEST_TYPE_MISSING"
  | "MANIFEST_UNKNOWN"
  | "EXCLUSION_EXISTS"
  | "EXCLUSION_UNKNOWN"
  | "EXCLUSIONS_TOO_MANY"
  | "IMAGE_EXISTS"
  | "IMAGE_ID_INVALID"
  | "IMAGES_TOO_LARGE"
  | "IMAGES_TOO_MANY"
  | "IMAGE_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "MANIFEST_TOO_LARGE"
  | "BLOB_TOO_LARGE"
  | "RANGE_INVALID"
  | "TAG_INVALID"
  | "TAG_IMMUTABLE"
  | "TAG_PARAMETERS_TOO_MANY"
  | "TAGS_TOO_MANY"
  | "PRECONDITION_FAILED"
  | "DENIED"
  | "SCOPES_TOO_MANY"
  | "MANIFEST_REFERENCED"
  | "BLOB_REFERENCED"
  | "TOOMANYREQUESTS"
  | "REPOSITORY_EXISTS"
  | "REPOSITORY_NOT_EMPTY"
  | "EXCLUSION_FILTERS_MISSING"
  | "EXCLUSION_FILTERS_UNWANTED"
  | "EXCLUSION_FILTERS_INVALID"
  | "ENCRYPTION_KEY_UNWANTED"
  | "ENCRYPTION_KEY_INVALID"
  | "REPOSITORIES_TOO_MANY"
  | "ACCOUNT_SETTING_INVALID"
  | "RESOURCE_TAG_INVALID"
  | "RESOURCE_TAGS_TOO_MANY"
  | "REPOSITORY_POLICY_INVALID"
  | "REPOSITORY_POLICY_UNKNOWN"
  | "REGISTRY_POLICY_INVALID"
  | "REGISTRY_POLICY_UNKNOWN"
  | "LIFECYCLE_POLICY_INVALID"
  | "LIFECYCLE_POLICY_UNKNOWN"
  | "LIFECYCLE_PREVIEW_UNKNOWN"
  | "LIFECYCLE_PREVIEW_UNDER_WAY"
  | "TEMPLATE_PREFIX_INVALID"
  | "TEMPLATE_PURPOSE_MISSING"
  | "TEMPLATE_EXISTS"
  | "TEMPLATE_UNKNOWN"
  | "TEMPLATES_TOO_MANY"
  | "WEBHOOK_INVALID"
  | "WEBHOOK_UNKNOWN"
  | "WEBHOOKS_TOO_MANY"
  | "UNAVAILABLE"
  | "UNKNOWN";

/** What a door may need to know beside what it shows. */
export interface ErrorFacts {
  /** Seconds after which it may be tried again. */
  readonly retryAfter?: number;
  /** Bytes of the blob, of which none lie in the range that was asked for. */
  readonly blobSize?: number;
  /** The upload session as it is: its confirmed bytes. */
  readonly upload?: {
    readonly account: string;
    readonly name: string;
    readonly id: string;
    readonly size: number;
  };
}

export interface ErrorOptions {
  /** Typed facts for the caller, who is shown them as they are. Never a secret. */
  readonly detail?: unknown;
  readonly facts?: ErrorFacts;
  readonly cause?: unknown;
}

/** The one error that the domain throws. Its message is for people, and is shown to the caller. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly reason: Reason;
  readonly detail: unknown;
  readonly facts: ErrorFacts;

  constructor(reason: Reason, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.detail = options.detail;
    this.facts = options.facts ?? {};
  }
}

/** A dependency (database, storage) failed: to be tried again after `retryAfter` seconds. */
export function unavailable(what: string, cause: unknown, retryAfter = 1): RegistryError {
  return new RegistryError("UNAVAILABLE", `${what} is not available at the moment; try again`, {
    facts: { retryAfter },
    cause,
  });
}
