import type { Service } from "../../aws-models/model.ts";
import { SignatureError, type SignatureFault } from "../../iam/sigv4/errors.ts";
import { ParametersError } from "../../kernel/parameters.ts";
import { type ErrorCode, RegistryError } from "../../registry/errors.ts";
import { AwsError, type AwsErrorCode, invalidParameter } from "./aws-error.ts";

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
const REGISTRY_CODES: Readonly<Record<ErrorCode, Answer>> = {
  BLOB_UNKNOWN: "LayersNotFoundException",
  BLOB_UPLOAD_INVALID: "InvalidLayerException",
  BLOB_UPLOAD_UNKNOWN: "UploadNotFoundException",
  DIGEST_INVALID: "InvalidParameterException",
  MANIFEST_BLOB_UNKNOWN: "LayersNotFoundException",
  MANIFEST_INVALID: "InvalidParameterException",
  MANIFEST_UNKNOWN: "ImageNotFoundException",
  NAME_INVALID: "InvalidParameterException",
  NAME_UNKNOWN: "RepositoryNotFoundException",
  SIZE_INVALID: "LimitExceededException",
  RANGE_INVALID: "InvalidLayerPartException",
  TAG_INVALID: "InvalidParameterException",
  PAGINATION_NUMBER_INVALID: "InvalidParameterException",
  PRECONDITION_FAILED: "InvalidParameterException",
  UNAUTHORIZED: "UnrecognizedClientException",
  DENIED: "AccessDeniedException",
  UNSUPPORTED: "InvalidParameterException",
  TOOMANYREQUESTS: ({ headers }) => new AwsError("ThrottlingException", "Rate exceeded", { headers }),
  REPOSITORY_EXISTS: "RepositoryAlreadyExistsException",
  REPOSITORY_NOT_EMPTY: "RepositoryNotEmptyException",
  EXCLUSION_FILTERS_MISSING: (error) =>
    invalidParameter(EXCLUSION_FILTERS, `Member must not be null when ${mutabilityOf(error)}`),
  EXCLUSION_FILTERS_UNWANTED: (error) =>
    invalidParameter(EXCLUSION_FILTERS, `Member must be null when ${mutabilityOf(error)}`),
  ENCRYPTION_KEY_UNWANTED: () =>
    invalidParameter("encryptionConfiguration", "kmsKey must be null when encryptionType is AES256"),
  RESOURCE_TAG_INVALID: "InvalidTagParameterException",
  RESOURCE_TAGS_TOO_MANY: "TooManyTagsException",
  // Terraform waits for principals to appear when it reads the first words.
  REPOSITORY_POLICY_INVALID: ({ message }) =>
    invalidParameter("PolicyText", `Invalid repository policy provided: ${message}`),
  REPOSITORY_POLICY_UNKNOWN: "RepositoryPolicyNotFoundException",
  REGISTRY_POLICY_INVALID: ({ message }) =>
    invalidParameter("PolicyText", `Invalid registry policy provided: ${message}`),
  REGISTRY_POLICY_UNKNOWN: "RegistryPolicyNotFoundException",
  UNAVAILABLE: "ServiceUnavailable",
  UNKNOWN: "ServerException",
};

const EXCLUSION_FILTERS = "imageTagMutabilityExclusionFilters";

function mutabilityOf({ detail }: RegistryError): string {
  return `imageTagMutability is ${(detail as { readonly mutability: string }).mutability}`;
}

/** Codes that mean the same in every service; the others belong to the registry, so elsewhere they are a defect. */
const EVERYWHERE: ReadonlySet<ErrorCode> = new Set([
  "DENIED",
  "TOOMANYREQUESTS",
  "UNAVAILABLE",
  "UNAUTHORIZED",
]);

/** What a service calls its own failure. */
const INTERNAL: Readonly<Record<Service, AwsErrorCode>> = {
  ecr: "ServerException",
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
  if (thrown instanceof RegistryError) {
    const fromBody = bodyError(thrown);
    if (fromBody !== undefined) return fromBody;
    const isKnown = service === "ecr" || EVERYWHERE.has(thrown.code);
    if (isKnown && thrown.code !== "UNKNOWN") return fromRegistry(thrown);
  }
  return new AwsError(
    service === undefined ? "InternalFailure" : INTERNAL[service],
    `An internal error occurred; the log has it under request id ${requestId}`,
    { status: 500 },
  );
}

/** The body of the request itself was too long or too slow: no operation has seen it. */
function bodyError({ status, message, headers }: RegistryError): AwsError | undefined {
  if (status === 413) return new AwsError("RequestEntityTooLargeException", message);
  return status === 408 ? new AwsError("RequestTimeoutException", message, { headers }) : undefined;
}

function fromRegistry(error: RegistryError): AwsError {
  const { code, message, headers } = error;
  const isImmutable = code === "TAG_INVALID" && message.includes("immutable");
  const answer = isImmutable ? "ImageTagAlreadyExistsException" : REGISTRY_CODES[code];
  return typeof answer === "string" ? new AwsError(answer, message, { headers }) : answer(error);
}
