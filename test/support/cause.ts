import type { Cause } from "../../src/audit/cause.ts";

/** A change that a test makes without a request. */
export const CAUSE: Cause = {
  ...{ account: "000000000000", principal: "arn:aws:iam::000000000000:root", accessKeyId: "AKIATEST" },
  ...{ requestId: "test", sourceIp: "192.0.2.1", userAgent: "test" },
  ...{ action: "ecr:PutImage", resource: "arn:aws:ecr:us-east-1:000000000000:repository/test" },
};
