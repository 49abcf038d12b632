/** What kind of refusal it is; each dialect has its own name for it. */
export type SignatureFault =
  /** No credentials at all. */
  | "missing"
  /** Credentials that lack a piece, or that cannot be read. */
  | "incomplete"
  /** No such active key, or not its session token. */
  | "unrecognized"
  /** Temporary credentials past their time. */
  | "expired-credentials"
  /** A signature that is wrong, too old, too early or for another scope. */
  | "mismatch";

/** A request that proves nobody. The message is for the client: it holds nothing but what the client sent or may know. */
export class SignatureError extends Error {
  override readonly name = "SignatureError";
  readonly fault: SignatureFault;

  constructor(fault: SignatureFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export const INVALID_TOKEN = "The security token included in the request is invalid.";
export const EXPIRED_TOKEN = "The security token included in the request is expired";
export const WRONG_SIGNATURE =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
