import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { loadModel } from "../../../../src/aws-models/model.ts";
import type { AwsCall } from "../../../../src/http/aws/call.ts";
import { type AnyHandler, missingOperations } from "../../../../src/http/aws/handlers.ts";
import { iamHandlers } from "../../../../src/http/aws/iam/index.ts";
import * as operations from "../../../../src/http/aws/iam/operations/index.ts";
import type { IamPorts } from "../../../../src/http/aws/iam/ports.ts";
import { encodeDocument } from "../../../../src/http/aws/iam/present.ts";

const OPERATIONS = new URL("../../../../src/http/aws/iam/operations/", import.meta.url);

/** Touching anything but the entity that an ARN needs before the permission is asked for is a mistake. */
const reader = { findEntity: async () => undefined, findInstanceProfile: async () => undefined };
const ports = { identity: { reader: () => reader } } as unknown as IamPorts;

test("every operation of the model has a handler, each a file of its own unless its things are absent", async () => {
  expect(missingOperations(await loadModel("iam"), { iam: iamHandlers(ports) }, "iam")).toEqual([]);
  const files = (await readdir(OPERATIONS)).filter((name) => name !== "index.ts");
  expect(files).toHaveLength(Object.keys(operations).length);
});

const SAMPLE = {
  ...{ UserName: "u", GroupName: "g", RoleName: "r", PolicyName: "p", AccessKeyId: "AKIA", Status: "Active" },
  ...{ PolicyArn: "arn:aws:iam::123456789012:policy/p", PolicySourceArn: "arn:aws:iam::123456789012:user/u" },
  ...{ OpenIDConnectProviderArn: "arn:aws:iam::123456789012:oidc-provider/h", Url: "https://h", Tags: [] },
  ...{
    TagKeys: [],
    ActionNames: [],
    PolicyInputList: [],
    ClientID: "c",
    ThumbprintList: [],
    VersionId: "v1",
  },
  ...{ InstanceProfileName: "i", SAMLProviderArn: "arn:aws:iam::123456789012:saml-provider/s", Name: "s" },
  ...{
    ServerCertificateName: "c",
    SSHPublicKeyId: "APKA",
    CertificateId: "c",
    ServiceSpecificCredentialId: "ACCA",
  },
  ...{ VirtualMFADeviceName: "m", SerialNumber: "arn:aws:iam::123456789012:mfa/m" },
  ...{ AuthenticationCode1: "000000", AuthenticationCode2: "000001" },
  ...{ AccountAlias: "a", PermissionsBoundary: "arn:aws:iam::123456789012:policy/p", PolicyDocument: "{}" },
};

const HANDLERS = Object.entries(iamHandlers(ports) as Record<string, AnyHandler>);
const refusal = new Error("refused");

/** A call that is refused, and notes what was asked for. */
function callBy(accessKeyId: string, operation: string, asked: string[]): AwsCall {
  return {
    ...{ operation, account: "123456789012", principal: { kind: "user", name: "me", accessKeyId } },
    async authorize() {
      asked.push("its own");
      throw refusal;
    },
    async authorizeToo(action: string) {
      asked.push(action);
      throw refusal;
    },
  } as unknown as AwsCall;
}

test.each(HANDLERS)("%s asks for its own permission before anything else", async (operation, handler) => {
  const asked: string[] = [];
  await expect(handler(callBy("AKIAEXAMPLE", operation, asked), SAMPLE)).rejects.toBe(refusal);
  expect(asked).toEqual(["its own"]);
});

test.each(HANDLERS)("%s takes no session token", async (operation, handler) => {
  const asked: string[] = [];
  await expect(handler(callBy("ASIAEXAMPLE", operation, asked), SAMPLE)).rejects.toMatchObject({
    code: "UnrecognizedClientException",
    message: "The security token included in the request is invalid",
  });
  expect(asked).toEqual([]);
});

test("documents are encoded as RFC 3986 has it", () => {
  expect(encodeDocument(`{"a": "(*)!'é"}`)).toBe("%7B%22a%22%3A%20%22%28%2A%29%21%27%C3%A9%22%7D");
});
