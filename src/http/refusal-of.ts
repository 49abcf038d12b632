import type { ErrorFacts, Reason, RegistryError } from "../registry/errors.ts";
import { type OciCode, Refusal } from "./refusal.ts";
import { uploadHeaders } from "./upload-headers.ts";

interface Answer {
  readonly code: OciCode;
  /** Where it is not the usual one of the code. */
  readonly status?: number;
}

/** What the registry's door answers for each reason of the domain. */
const ANSWERS: Readonly<Record<Reason, Answer>> = {
  BLOB_UNKNOWN: { code: "BLOB_UNKNOWN" },
  BLOB_UPLOAD_INVALID: { code: "BLOB_UPLOAD_INVALID" },
  BLOB_UPLOAD_UNKNOWN: { code: "BLOB_UPLOAD_UNKNOWN" },
  UPLOAD_EMPTY: { code: "BLOB_UPLOAD_INVALID" },
  UPLOAD_PART_TOO_SMALL: { code: "BLOB_UPLOAD_INVALID" },
  UPLOAD_PARTS_TOO_MANY: { code: "SIZE_INVALID", status: 413 },
  LAYER_EXISTS: { code: "BLOB_UPLOAD_INVALID" },
  LAYER_INACCESSIBLE: { code: "DENIED" },
  BLOB_REFERENCED: { code: "UNSUPPORTED" },
  BLOB_TOO_LARGE: { code: "SIZE_INVALID", status: 413 },
  DIGEST_INVALID: { code: "DIGEST_INVALID" },
  DIGEST_MISMATCH: { code: "DIGEST_INVALID" },
  MANIFEST_BLOB_UNKNOWN: { code: "MANIFEST_BLOB_UNKNOWN" },
  MANIFEST_CHILD_UNKNOWN: { code: "MANIFEST_BLOB_UNKNOWN" },
  MANIFEST_DIGEST_WRONG: { code: "DIGEST_INVALID" },
  MANIFEST_TYPE_MISSING: { code: "MANIFEST_INVALID" },
  MANIFEST_INVALID: { code: "MANIFEST_INVALID" },
  MANIFEST_UNKNOWN: { code: "MANIFEST_UNKNOWN" },
  MANIFEST_REFERENCED: { code: "UNSUPPORTED" },
  MANIFEST_TOO_LARGE: { code: "SIZE_INVALID", status: 413 },
  EXCLUSION_EXISTS: { code: "UNSUPPORTED", status: 409 },
  EXCLUSION_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  EXCLUSIONS_TOO_MANY: { code: "DENIED" },
  IMAGE_EXISTS: { code: "UNSUPPORTED", status: 409 },
  IMAGES_TOO_MANY: { code: "DENIED" },
  TAGS_TOO_MANY: { code: "DENIED" },
  IMAGES_TOO_LARGE: { code: "SIZE_INVALID", status: 413 },
  IMAGE_ID_INVALID: { code: "UNSUPPORTED", status: 400 },
  IMAGE_UNKNOWN: { code: "MANIFEST_UNKNOWN" },
  NAME_INVALID: { code: "NAME_INVALID" },
  NAME_UNKNOWN: { code: "NAME_UNKNOWN" },
  SIZE_INVALID: { code: "SIZE_INVALID" },
  RANGE_INVALID: { code: "RANGE_INVALID" },
  TAG_INVALID: { code: "TAG_INVALID" },
  TAG_IMMUTABLE: { code: "TAG_INVALID" },
  TAG_PARAMETERS_TOO_MANY: { code: "TAG_INVALID", status: 414 },
  PRECONDITION_FAILED: { code: "PRECONDITION_FAILED" },
  DENIED: { code: "DENIED" },
  SCOPES_TOO_MANY: { code: "UNSUPPORTED", status: 400 },
  TOOMANYREQUESTS: { code: "TOOMANYREQUESTS" },
  REPOSITORY_EXISTS: { code: "NAME_INVALID" },
  REPOSITORY_NOT_EMPTY: { code: "UNSUPPORTED" },
  EXCLUSION_FILTERS_MISSING: { code: "UNSUPPORTED", status: 400 },
  EXCLUSION_FILTERS_UNWANTED: { code: "UNSUPPORTED", status: 400 },
  EXCLUSION_FILTERS_INVALID: { code: "UNSUPPORTED", status: 400 },
  ENCRYPTION_KEY_UNWANTED: { code: "UNSUPPORTED", status: 400 },
  ENCRYPTION_KEY_INVALID: { code: "UNSUPPORTED", status: 400 },
  REPOSITORIES_TOO_MANY: { code: "DENIED" },
  ACCOUNT_SETTING_INVALID: { code: "UNSUPPORTED", status: 400 },
  RESOURCE_TAG_INVALID: { code: "UNSUPPORTED", status: 400 },
  RESOURCE_TAGS_TOO_MANY: { code: "UNSUPPORTED", status: 400 },
  REPOSITORY_POLICY_INVALID: { code: "UNSUPPORTED", status: 400 },
  REPOSITORY_POLICY_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  REGISTRY_POLICY_INVALID: { code: "UNSUPPORTED", status: 400 },
  REGISTRY_POLICY_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  LIFECYCLE_POLICY_INVALID: { code: "UNSUPPORTED", status: 400 },
  LIFECYCLE_POLICY_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  LIFECYCLE_PREVIEW_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  LIFECYCLE_PREVIEW_UNDER_WAY: { code: "UNSUPPORTED", status: 409 },
  TEMPLATE_PREFIX_INVALID: { code: "UNSUPPORTED", status: 400 },
  TEMPLATE_PURPOSE_MISSING: { code: "UNSUPPORTED", status: 400 },
  TEMPLATE_EXISTS: { code: "UNSUPPORTED", status: 409 },
  TEMPLATE_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  TEMPLATES_TOO_MANY: { code: "UNSUPPORTED", status: 400 },
  WEBHOOK_INVALID: { code: "UNSUPPORTED", status: 400 },
  WEBHOOK_UNKNOWN: { code: "UNSUPPORTED", status: 404 },
  WEBHOOKS_TOO_MANY: { code: "UNSUPPORTED", status: 409 },
  UNAVAILABLE: { code: "UNAVAILABLE" },
  UNKNOWN: { code: "UNKNOWN" },
};

/** The domain's error as the doors without a dialect of their own answer it. */
export function refusalOf(error: RegistryError): Refusal {
  const { code, status } = ANSWERS[error.reason];
  return new Refusal(code, error.message, {
    ...(status === undefined ? {} : { status }),
    ...{ detail: error.detail, headers: headersOf(error.facts), cause: error.cause },
  });
}

function headersOf({ retryAfter, blobSize, upload }: ErrorFacts): Readonly<Record<string, string>> {
  return {
    ...(retryAfter === undefined ? {} : retryHeader(retryAfter)),
    ...(blobSize === undefined ? {} : { "Content-Range": `bytes */${blobSize}` }),
    ...(upload === undefined ? {} : uploadHeaders(upload)),
  };
}

/** When to try again, in seconds (RFC 9110 section 10.2.3). */
export function retryHeader(seconds: number): { readonly "Retry-After": string } {
  return { "Retry-After": String(seconds) };
}
