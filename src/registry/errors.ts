/** Codes of the OCI distribution specification 1.1 (section "Error Codes") that Berth answers, and a few of its own. */
export type ErrorCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "SIZE_INVALID"
  | "RANGE_INVALID"
  | "TAG_INVALID"
  | "PAGINATION_NUMBER_INVALID"
  | "PRECONDITION_FAILED"
  | "UNAUTHORIZED"
  | "DENIED"
  | "UNSUPPORTED"
  | "TOOMANYREQUESTS"
  | "REPOSITORY_EXISTS"
  | "REPOSITORY_NOT_EMPTY"
  | "EXCLUSION_FILTERS_MISSING"
  | "EXCLUSION_FILTERS_UNWANTED"
  | "ENCRYPTION_KEY_UNWANTED"
  | "RESOURCE_TAG_INVALID"
  | "RESOURCE_TAGS_TOO_MANY"
  | "REPOSITORY_POLICY_INVALID"
  | "REPOSITORY_POLICY_UNKNOWN"
  | "REGISTRY_POLICY_INVALID"
  | "REGISTRY_POLICY_UNKNOWN"
  | "UNAVAILABLE"
  | "UNKNOWN";

export interface ErrorOptions {
  /** HTTP status; by default the one usual for the code. */
  readonly status?: number;
  /** Typed facts for the caller, serialised as `detail`. Never a secret. */
  readonly detail?: unknown;
  /** Headers that belong to the answer, e.g. `Range` of a 416. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  PAGINATION_NUMBER_INVALID: 400,
  PRECONDITION_FAILED: 412,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  REPOSITORY_EXISTS: 400,
  REPOSITORY_NOT_EMPTY: 400,
  EXCLUSION_FILTERS_MISSING: 400,
  EXCLUSION_FILTERS_UNWANTED: 400,
  ENCRYPTION_KEY_UNWANTED: 400,
  RESOURCE_TAG_INVALID: 400,
  RESOURCE_TAGS_TOO_MANY: 400,
  REPOSITORY_POLICY_INVALID: 400,
  REPOSITORY_POLICY_UNKNOWN: 404,
  REGISTRY_POLICY_INVALID: 400,
  REGISTRY_POLICY_UNKNOWN: 404,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
};

/** The one error that the domain throws. Only the edge turns it into a dialect (OCI body, exit text). */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? STATUS[code];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/** A dependency (database, storage) failed: 503, to be tried again after `retryAfter` seconds. */
export function unavailable(what: string, cause: unknown, retryAfter = 1): RegistryError {
  return new RegistryError("UNAVAILABLE", `${what} is not available at the moment; try again`, {
    headers: { "Retry-After": String(retryAfter) },
    cause,
  });
}
