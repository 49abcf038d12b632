/** What IAM and STS refuse with, by the names of their models. */
export type IamErrorCode =
  | "AccessDeniedException"
  | "DeleteConflictException"
  | "EntityAlreadyExistsException"
  | "ExpiredTokenException"
  | "IDPCommunicationErrorException"
  | "IDPRejectedClaimException"
  | "InvalidIdentityTokenException"
  | "InvalidAuthenticationCodeException"
  | "InvalidInputException"
  | "LimitExceededException"
  | "MalformedPolicyDocumentException"
  | "NoSuchEntityException"
  | "OpenIdIdpCommunicationErrorException"
  | "PackedPolicyTooLargeException"
  | "PolicyNotAttachableException"
  | "ValidationError";

/** A change or look-up that the rules of IAM refuse, in AWS's words. */
export class IamError extends Error {
  override readonly name = "IamError";
  readonly code: IamErrorCode;

  constructor(code: IamErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function noSuch(message: string): IamError {
  return new IamError("NoSuchEntityException", message);
}

export function invalidInput(message: string): IamError {
  return new IamError("InvalidInputException", message);
}

export function deleteConflict(message: string): IamError {
  return new IamError("DeleteConflictException", message);
}

export function alreadyExists(message: string): IamError {
  return new IamError("EntityAlreadyExistsException", message);
}

/** AWS names the quota and its value. */
export function quotaExceeded(quota: string, limit: number): IamError {
  return new IamError("LimitExceededException", `Cannot exceed quota for ${quota}: ${limit}`);
}
