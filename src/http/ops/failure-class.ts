/** Why something that Berth depends on does not work, without anything that an error says of it. */
export type FailureClass =
  | "timeout"
  | "unreachable"
  | "denied"
  | "missing"
  | "full"
  | "read_only"
  | "overloaded"
  | "error";

/** By errno, SQLSTATE, or code of S3. */
const BY_CODE: Readonly<Record<string, FailureClass>> = {
  ...{ ETIMEDOUT: "timeout", "57014": "timeout", "55P03": "timeout", RequestTimeout: "timeout" },
  ...{
    ECONNREFUSED: "unreachable",
    ECONNRESET: "unreachable",
    EPIPE: "unreachable",
    ENOTFOUND: "unreachable",
  },
  ...{ EAI_AGAIN: "unreachable", EHOSTUNREACH: "unreachable", ENETUNREACH: "unreachable" },
  ...{ "57P01": "unreachable", "57P02": "unreachable", "57P03": "unreachable" },
  ...{ EACCES: "denied", EPERM: "denied", "42501": "denied" },
  ...{ AccessDenied: "denied", InvalidAccessKeyId: "denied", SignatureDoesNotMatch: "denied" },
  ...{
    ENOENT: "missing",
    ENOTDIR: "missing",
    "42P01": "missing",
    "3D000": "missing",
    NoSuchBucket: "missing",
  },
  ...{ ENOSPC: "full", EDQUOT: "full", "53100": "full" },
  ...{ EROFS: "read_only", "25006": "read_only" },
  ...{ EMFILE: "overloaded", ENFILE: "overloaded", "53300": "overloaded", "53200": "overloaded" },
  ...{ SlowDown: "overloaded", ServiceUnavailable: "overloaded" },
};

/** By the class of an SQLSTATE, its first two characters. */
const BY_SQL_CLASS: Readonly<Record<string, FailureClass>> = { "08": "unreachable", "28": "denied" };

/** An error has few causes behind it; one that is its own would have no end. */
const CAUSES_MAX = 8;

/** The class of an error, or else of what caused it. */
export function failureClassOf(error: unknown): FailureClass {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX && cause instanceof Error; depth++) {
    const { code, s3Code, status } = cause as { code?: unknown; s3Code?: unknown; status?: unknown };
    const found = classOf(code) ?? classOf(s3Code) ?? (status === 403 ? "denied" : undefined);
    if (found !== undefined) return found;
    cause = cause.cause;
  }
  return "error";
}

function classOf(code: unknown): FailureClass | undefined {
  if (typeof code !== "string") return undefined;
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  return code.length === 5 ? BY_SQL_CLASS[code.slice(0, 2)] : undefined;
}
