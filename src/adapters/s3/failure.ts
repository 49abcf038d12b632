import { S3Error } from "minio";

/** Where a request failed: what S3 answered, or nothing of it when no answer came. */
interface Answer {
  readonly status?: number | undefined;
  readonly s3Code?: string | undefined;
  readonly message?: string | undefined;
}

const FULL = new Set(["XMinioStorageFull", "QuotaExceeded"]);
const PASSING = new Set(["SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"]);

/** A request to S3 that failed. Its text names the operation and S3's reason, never a URL, a signature or a secret. */
export class S3Failure extends Error {
  override readonly name = "S3Failure";
  readonly status: number | undefined;
  /** S3's own code, such as `NoSuchUpload`. */
  readonly s3Code: string | undefined;
  /** The errno that tells callers why, where there is one. */
  readonly code: string | undefined;
  /** Whether the same request may succeed a little later. */
  readonly isPassing: boolean;

  constructor(what: string, answer: Answer, cause?: unknown) {
    super(`S3 ${what} failed: ${reasonOf(answer, cause)}`, cause === undefined ? undefined : { cause });
    const { status, s3Code } = answer;
    this.status = status;
    this.s3Code = s3Code;
    this.code = isFull(answer) ? "ENOSPC" : errnoOf(cause);
    this.isPassing = !isFull(answer) && (isPassing(answer) || errnoOf(cause) !== undefined);
  }
}

/**
 * What a failed minio call becomes. minio's own errors carry S3's whole answer, with the string that was signed, which
 * has no place in a log.
 */
export function minioFailure(what: string, error: unknown): S3Failure {
  if (error instanceof S3Failure) return error;
  // Without a code it is the error that S3 sends within a 200, which is an internal one.
  if (error instanceof S3Error) {
    return new S3Failure(what, { s3Code: error.code ?? "InternalError", message: error.message });
  }
  const text = error instanceof Error ? error.message : "";
  const status = /Retryable HTTP status: (\d{3})/.exec(text)?.[1];
  if (status !== undefined) return new S3Failure(what, { status: Number(status) });
  return new S3Failure(what, {}, error);
}

function isFull({ status, s3Code }: Answer): boolean {
  return status === 507 || (s3Code !== undefined && FULL.has(s3Code));
}

function isPassing({ status = 0, s3Code = "" }: Answer): boolean {
  return PASSING.has(s3Code) || status >= 500 || status === 408 || status === 429;
}

function reasonOf({ status, s3Code, message }: Answer, cause: unknown): string {
  const answer = [status, s3Code].filter((part) => part !== undefined).join(" ");
  if (answer !== "") return message === undefined || message === "" ? answer : `${answer} (${message})`;
  const text = cause instanceof Error ? cause.message : "";
  // The error of a host with several addresses has a code and no text.
  return text === "" ? (errnoOf(cause) ?? message ?? "no answer") : text;
}

/** Node's own codes say how a stream ended; to callers they would mean the client's stream. */
function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && !code.startsWith("ERR_") ? code : undefined;
}
