import type { EcrException } from "../../aws-models/ecr.types.ts";
import type { EcrPublicException } from "../../aws-models/ecr-public.types.ts";
import type { EcsException } from "../../aws-models/ecs.types.ts";
import type { IamException } from "../../aws-models/iam.types.ts";
import type { StsException } from "../../aws-models/sts.types.ts";
import type { CommonException } from "./common-exceptions.ts";

/** Every exception that a client of the AWS dialects may meet, by the name of its model. */
export type AwsErrorCode =
  | EcrException
  | EcrPublicException
  | EcsException
  | IamException
  | StsException
  | CommonException;

export interface AwsErrorOptions {
  /** HTTP status; by default that of the model or of the common exceptions, else 400. */
  readonly status?: number;
  /** Members of the exception beside its message, as the model names them. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** What an operation refuses with. The edge writes it in the dialect that the client speaks. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: AwsErrorCode;
  readonly status: number | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AwsErrorCode, message: string, options: AwsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}

/** ECR's form for a member that breaks a rule (ecr.md section 4). */
export function invalidParameter(field: string, constraint: string): AwsError {
  return new AwsError(
    "InvalidParameterException",
    `Invalid parameter at '${field}' failed to satisfy constraint: '${constraint}'`,
  );
}
