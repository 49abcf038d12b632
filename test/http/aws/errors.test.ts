import { describe, expect, test } from "vitest";
import { loadModel } from "../../../src/aws-models/model.ts";
import { AwsError, type AwsErrorCode } from "../../../src/http/aws/aws-error.ts";
import { errorAnswer } from "../../../src/http/aws/catalogue.ts";
import { JSON_DIALECT } from "../../../src/http/aws/json-dialect.ts";
import { QUERY_DIALECT } from "../../../src/http/aws/query-dialect.ts";
import { awsErrorOf } from "../../../src/http/aws/thrown.ts";
import { SignatureError } from "../../../src/iam/sigv4/errors.ts";
import { RegistryError, unavailable } from "../../../src/registry/errors.ts";

const ecr = await loadModel("ecr");
const iam = await loadModel("iam");
const sts = await loadModel("sts");

describe("the catalogue", () => {
  test("every exception of ECR is 400, but ServerException", () => {
    for (const [code, shape] of Object.entries(ecr.shapes)) {
      if (shape.exception !== true) continue;
      const answer = errorAnswer(new AwsError(code as AwsErrorCode, ""), ecr, "json");
      const expected = code === "ServerException" ? [500, "server"] : [400, "client"];
      expect([answer.code, answer.status, answer.family]).toEqual([code, ...expected]);
    }
  });

  test.each([
    ["NoSuchEntityException", "NoSuchEntity", 404],
    ["EntityAlreadyExistsException", "EntityAlreadyExists", 409],
    ["MalformedPolicyDocumentException", "MalformedPolicyDocument", 400],
    ["ServiceFailureException", "ServiceFailure", 500],
    ["AccessDeniedException", "AccessDenied", 403],
    ["ThrottlingException", "Throttling", 400],
    ["ValidationError", "ValidationError", 400],
    ["ServiceUnavailable", "ServiceUnavailable", 503],
  ] as const)("IAM calls %s %s", (name, code, status) => {
    expect(errorAnswer(new AwsError(name, ""), iam, "query")).toMatchObject({ code, status });
  });

  test("expired credentials are not what STS calls an expired web identity", () => {
    expect(errorAnswer(new AwsError("ExpiredToken", ""), sts, "query")).toMatchObject({
      code: "ExpiredToken",
      status: 403,
    });
    expect(errorAnswer(new AwsError("ExpiredTokenException", ""), sts, "query")).toMatchObject({
      code: "ExpiredTokenException",
      status: 400,
    });
    expect(errorAnswer(new AwsError("ExpiredToken", ""), ecr, "json")).toMatchObject({
      code: "ExpiredTokenException",
      status: 400,
    });
  });
});

describe("what was thrown becomes", () => {
  test.each([
    ["NAME_UNKNOWN", "RepositoryNotFoundException"],
    ["NAME_INVALID", "InvalidParameterException"],
    ["MANIFEST_UNKNOWN", "ImageNotFoundException"],
    ["MANIFEST_BLOB_UNKNOWN", "LayersNotFoundException"],
    ["BLOB_UPLOAD_UNKNOWN", "UploadNotFoundException"],
    ["RANGE_INVALID", "InvalidLayerPartException"],
    ["DENIED", "AccessDeniedException"],
    ["UNAVAILABLE", "ServiceUnavailable"],
  ] as const)("%s in ECR %s", (code, expected) => {
    expect(awsErrorOf(new RegistryError(code, "said"), "ecr", "id")).toMatchObject({
      code: expected,
      message: "said",
    });
  });

  test("too many requests what AWS says of them, in every service", () => {
    const error = new RegistryError("TOOMANYREQUESTS", "said", { facts: { retryAfter: 3 } });
    for (const service of ["ecr", "iam", "sts"] as const) {
      expect(awsErrorOf(error, service, "id")).toMatchObject({
        ...{ code: "ThrottlingException", message: "Rate exceeded", headers: { "Retry-After": "3" } },
      });
    }
  });

  test("a dependency's failure an outage that may be tried again", () => {
    const error = awsErrorOf(unavailable("the database", new Error("secret cause")), "iam", "id");
    expect(error).toMatchObject({ code: "ServiceUnavailable", headers: { "Retry-After": "1" } });
    expect(error.message).not.toContain("secret");
  });

  test.each([
    ["ecr", "ServerException"],
    ["ecs", "ServerException"],
    ["iam", "ServiceFailureException"],
    ["sts", "InternalFailure"],
  ] as const)("a bug in %s %s, which hides it behind the request id", (service, code) => {
    for (const bug of [new Error("secret"), "secret", new RegistryError("UNKNOWN", "secret")]) {
      const error = awsErrorOf(bug, service, "the-id");
      expect(error).toMatchObject({ code, status: 500 });
      expect(error.message).toBe("An internal error occurred; the log has it under request id the-id");
    }
  });

  test("the registry's errors a bug where no registry is", () => {
    expect(awsErrorOf(new RegistryError("MANIFEST_UNKNOWN", "x"), "iam", "id").status).toBe(500);
  });

  test.each([
    ["missing", "MissingAuthenticationTokenException", "MissingAuthenticationToken"],
    ["incomplete", "IncompleteSignatureException", "IncompleteSignature"],
    ["unrecognized", "UnrecognizedClientException", "InvalidClientTokenId"],
    ["expired-credentials", "ExpiredTokenException", "ExpiredToken"],
    ["mismatch", "InvalidSignatureException", "SignatureDoesNotMatch"],
  ] as const)("a signature that is %s %s, or %s", (fault, json, query) => {
    const error = awsErrorOf(new SignatureError(fault, "said"), "sts", "id");
    expect(errorAnswer(error, ecr, "json")).toMatchObject({ code: json, status: 400 });
    expect(errorAnswer(error, sts, "query")).toMatchObject({ code: query, status: 403 });
  });
});

describe("documents", () => {
  test("JSON says the code in header and body, with the members that the model knows", () => {
    const members = { lastValidByteReceived: 7, uploadId: "u", secret: "no" };
    const error = new AwsError("InvalidLayerPartException", "said", { members });
    const { status, headers, body } = JSON_DIALECT.failure(error, ecr, "the-id");
    expect(status).toBe(400);
    expect(headers).toMatchObject({
      "Content-Type": "application/x-amz-json-1.1",
      "x-amzn-ErrorType": "InvalidLayerPartException",
      "x-amzn-RequestId": "the-id",
    });
    expect(JSON.parse(String(body))).toEqual({
      __type: "InvalidLayerPartException",
      message: "said",
      lastValidByteReceived: 7,
      uploadId: "u",
    });
  });

  test("XML says whose fault it is, escaped, under the service's namespace", () => {
    const { status, body } = QUERY_DIALECT.failure(
      new AwsError("NoSuchEntityException", "<x>"),
      iam,
      "the-id",
    );
    expect(status).toBe(404);
    expect(String(body)).toBe(
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>&lt;x&gt;</Message></Error><RequestId>the-id</RequestId></ErrorResponse>\n',
    );
    const failure = QUERY_DIALECT.failure(new AwsError("ServiceUnavailable", ""), iam, "the-id");
    expect(String(failure.body)).toContain("<Type>Receiver</Type><Code>ServiceUnavailable</Code>");
  });
});
