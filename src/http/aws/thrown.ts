import type { Service } from "../../aws-models/model.ts";
import { SignatureError, type SignatureFault } from "../../iam/sigv4/errors.ts";
import { ParametersError } from "../../kernel/parameters.ts";
import { type Reason, RegistryError } from "../../registry/errors.ts";
import { Refusal } from "../refusal.ts";
import { retryHeader } from "../refusal-of.ts";
import { AwsError, type AwsErrorCode, type AwsErrorOptions, invalidParameter } from "./aws-error.ts";

const SIGNATURE_FAULTS: Readonly<Record<SignatureFault, AwsErrorCode>> = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  unrecognized: "UnrecognizedClientException",
  "expired-credentials": "ExpiredToken",
  mismatch: "InvalidSignatureException",
};

/** An exception that says what the domain says, or another text made of what it knows. */
type Answer = AwsErrorCode | ((error: RegistryError) => AwsError);

/** What the domain's reasons are called by ECR. */
const REGISTRY_CODES: Readonly<Record<Reason, Answer>> = {
  BLOB_UNKNOWN: "LayersNotFoundException",
  BLOB_REFERENCED: "InvalidParameterException",
  BLOB_UPLOAD_INVALID: "InvalidLayerException",
  BLOB_UPLOAD_UNKNOWN: "UploadNotFoundException",
  UPLOAD_EMPTY: "EmptyUploadException",
  UPLOAD_PART_TOO_SMALL: "LayerPartTooSmallException",
  UPLOAD_PARTS_TOO_MANY: "LimitExceededException",
  LAYER_EXISTS: "LayerAlreadyExistsException",
  LAYER_INACCESSIBLE: "LayerInaccessibleException",
  DIGEST_INVALID: "InvalidParameterException",
  DIGEST_MISMATCH: "InvalidLayerException",
  MANIFEST_BLOB_UNKNOWN: "LayersNotFoundException",
  MANIFEST_CHILD_UNKNOWN: "ReferencedImagesNotFoundException",
  MANIFEST_DIGEST_WRONG: "ImageDigestDoesNotMatchException",
  // What breaks no rule of a field that could be named is a matter of syntax, as ECR has it.
  MANIFEST_INVALID: ({ message, detail }) =>
    invalidParameter("ImageManifest", detail === undefined ? `Invalid JSON syntax: ${message}` : message),
  MANIFEST_TYPE_MISSING: () =>
    new AwsError(
      "InvalidParameterException",
      "image manifest mediatype not provided in manifest or parameter",
    ),
  MANIFEST_UNKNOWN: "ImageNotFoundException",
  MANIFEST_REFERENCED: "InvalidParameterException",
  EXCLUSION_EXISTS: "ExclusionAlreadyExistsException",
  EXCLUSION_UNKNOWN: "ExclusionNotFoundException",
  EXCLUSIONS_TOO_MANY: "LimitExceededException",
  IMAGE_EXISTS: "ImageAlreadyExistsException",
  IMAGES_TOO_MANY: "LimitExceededException",
  TAGS_TOO_MANY: "LimitExceededException",
  IMAGES_TOO_LARGE: "LimitExceededException",
  IMAGE_ID_INVALID: ({ message }) => invalidParameter("imageIds", message),
  IMAGE_UNKNOWN: "ImageNotFoundException",
  NAME_INVALID: "InvalidParameterException",
  NAME_UNKNOWN: "RepositoryNotFoundException",
  SIZE_INVALID: "LimitExceededException",
  BLOB_TOO_LARGE: "LimitExceededException",
  MANIFEST_TOO_LARGE: "LimitExceededException",
  RANGE_INVALID: invalidLayerPart,
  TAG_INVALID: ({ message }) => invalidParameter("imageTag", message),
  TAG_IMMUTABLE: "ImageTagAlreadyExistsException",
  TAG_PARAMETERS_TOO_MANY: "InvalidParameterException",
  PRECONDITION_FAILED: "InvalidParameterException",
  DENIED: "AccessDeniedException",
  SCOPES_TOO_MANY: "InvalidParameterException",
  TOOMANYREQUESTS: (error) => new AwsError("ThrottlingException", "Rate exceeded", headersOf(error)),
  REPOSITORY_EXISTS: "RepositoryAlreadyExistsException",
  REPOSITORY_NOT_EMPTY: "RepositoryNotEmptyException",
  EXCLUSION_FILTERS_MISSING: (error) =>
    invalidParameter(EXCLUSION_FILTERS, `Member must not be null when ${mutabilityOf(error)}`),
  EXCLUSION_FILTERS_UNWANTED: (error) =>
    invalidParameter(EXCLUSION_FILTERS, `Member must be null when ${mutabilityOf(error)}`),
  EXCLUSION_FILTERS_INVALID: ({ message }) => invalidParameter(EXCLUSION_FILTERS, message),
  ENCRYPTION_KEY_UNWANTED: () =>
    invalidParameter("encryptionConfiguration", "kmsKey must be null when encryptionType is AES256"),
  ENCRYPTION_KEY_INVALID: ({ message }) =>
    new AwsError("KmsException", message, { members: { kmsError: "NotFoundException" } }),
  REPOSITORIES_TOO_MANY: "LimitExceededException",
  ACCOUNT_SETTING_INVALID: "ValidationException",
  RESOURCE_TAG_INVALID: "InvalidTagParameterException",
  RESOURCE_TAGS_TOO_MANY: "TooManyTagsException",
  // Terraform waits for principals to appear when it reads the first words.
  REPOSITORY_POLICY_INVALID: ({ message }) =>
    invalidParameter("PolicyText", `Invalid repository policy provided: ${message}`),
  REPOSITORY_POLICY_UNKNOWN: "RepositoryPolicyNotFoundException",
  REGISTRY_POLICY_INVALID: ({ message }) =>
    invalidParameter("PolicyText", `Invalid registry policy provided: ${message}`),
  REGISTRY_POLICY_UNKNOWN: "RegistryPolicyNotFoundException",
  LIFECYCLE_POLICY_INVALID: ({ message }) => invalidParameter("LifecyclePolicyText", message),
  LIFECYCLE_POLICY_UNKNOWN: "LifecyclePolicyNotFoundException",
  LIFECYCLE_PREVIEW_UNKNOWN: "LifecyclePolicyPreviewNotFoundException",
  LIFECYCLE_PREVIEW_UNDER_WAY: "LifecyclePolicyPreviewInProgressException",
  TEMPLATE_PREFIX_INVALID: ({ message }) => invalidParameter("prefix", message),
  TEMPLATE_PURPOSE_MISSING: ({ message }) => invalidParameter("appliedFor", message),
  TEMPLATE_EXISTS: "TemplateAlreadyExistsException",
  TEMPLATE_UNKNOWN: "TemplateNotFoundException",
  TEMPLATES_TOO_MANY: "LimitExceededException",
  WEBHOOK_INVALID: "InvalidParameterException",
  WEBHOOK_UNKNOWN: "InvalidParameterException",
  WEBHOOKS_TOO_MANY: "LimitExceededException",
  UNAVAILABLE: "ServiceUnavailable",
  UNKNOWN: "ServerException",
};

const EXCLUSION_FILTERS = "imageTagMutabilityExclusionFilters";

/** With where the client may go on. Nothing is the last byte of an upload that has none. */
function invalidLayerPart({ message, facts: { upload } }: RegistryError): AwsError {
  if (upload === undefined) return new AwsError("InvalidLayerPartException", message);
  const { account, name, id, size } = upload;
  const members = {
    ...{ registryId: account, repositoryName: name, uploadId: id },
    lastValidByteReceived: size === 0 ? undefined : size - 1,
  };
  return new AwsError("InvalidLayerPartException", message, { members });
}

function mutabilityOf({ detail }: RegistryError): string {
  return `imageTagMutability is ${(detail as { readonly mutability: string }).mutability}`;
}

/** Codes that mean the same in every service; the others belong to the registry, so elsewhere they are a defect. */
const EVERYWHERE: ReadonlySet<Reason> = new Set(["DENIED", "TOOMANYREQUESTS", "UNAVAILABLE"]);

/** What a service calls its own failure. */
const INTERNAL: Readonly<Record<Service, AwsErrorCode>> = {
  ecr: "ServerException",
  "ecr-public": "ServerException",
  ecs: "ServerException",
  iam: "ServiceFailureException",
  sts: "InternalFailure",
};

/** Anything thrown, as the client is told it. What a bug says is for the log alone. */
export function awsErrorOf(thrown: unknown, service: Service | undefined, requestId: string): AwsError {
  if (thrown instanceof AwsError) return thrown;
  if (thrown instanceof ParametersError) {
    const { status, message } = thrown;
    return new AwsError("RequestEntityTooLargeException", message, { status });
  }
  if (thrown instanceof SignatureError) return new AwsError(SIGNATURE_FAULTS[thrown.fault], thrown.message);
  if (thrown instanceof Refusal) {
    const { status, message, headers } = thrown;
    const code = REFUSALS[status];
    if (code !== undefined) return new AwsError(code, message, { headers });
  }
  if (thrown instanceof RegistryError) {
    const isKnown = service === "ecr" || EVERYWHERE.has(thrown.reason);
    if (isKnown && thrown.reason !== "UNKNOWN") return fromRegistry(thrown);
  }
  return new AwsError(
    service === undefined ? "InternalFailure" : INTERNAL[service],
    `An internal error occurred; the log has it under request id ${requestId}`,
    { status: 500 },
  );
}

/** What the edge refuses before an operation has seen the request: its body was too long, too slow, or one too many. */
const REFUSALS: Readonly<Record<number, AwsErrorCode>> = {
  408: "RequestTimeoutException",
  413: "RequestEntityTooLargeException",
  503: "ServiceUnavailable",
};

function fromRegistry(error: RegistryError): AwsError {
  const answer = REGISTRY_CODES[error.reason];
  return typeof answer === "string" ? new AwsError(answer, error.message, headersOf(error)) : answer(error);
}

function headersOf({ facts: { retryAfter } }: RegistryError): Pick<AwsErrorOptions, "headers"> {
  return retryAfter === undefined ? {} : { headers: retryHeader(retryAfter) };
}
