import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ACCOUNT, type IamServer, type Parameters, startIamServer } from "./iam-server.ts";

let server: IamServer;
beforeAll(async () => {
  server = await startIamServer();
  await server.call("iam", "CreateUser", { UserName: "anna" });
});
afterAll(() => server.close());

const iam = (action: string, parameters: Parameters = {}, keys = server.administrator) =>
  server.call("iam", action, parameters, keys);
type Answer = Awaited<ReturnType<typeof iam>>;
const refusal = ({ status, one }: Answer) => [status, one("Code"), one("Message")];

const OF_USERS = ["ListSSHPublicKeys", "ListSigningCertificates", "ListServiceSpecificCredentials"];

describe.each(OF_USERS)("%s", (operation) => {
  test("is empty for a user", async () => {
    const listed = await iam(operation, { UserName: "anna" });
    expect([listed.status, listed.one("IsTruncated")]).toEqual([200, "false"]);
    expect(listed.text).not.toContain("<member>");
  });

  test("finds no user who does not exist", async () => {
    expect(refusal(await iam(operation, { UserName: "nobody" }))).toEqual([
      ...[404, "NoSuchEntity", "The user with name nobody cannot be found."],
    ]);
  });

  test("is about the caller where no user is named", async () => {
    const keys = await server.makeUser(`own-${operation}`, [`iam:${operation}`]);
    expect((await iam(operation, {}, keys)).status).toBe(200);
    expect(
      (await iam(operation, { UserName: "anna" }, await server.makeUser(`no-${operation}`))).status,
    ).toBe(403);
  });

  test("takes no marker, since there is no second page", async () => {
    expect((await iam(operation, { UserName: "anna", Marker: "x" })).one("Code")).toBe("ValidationError");
  });
});

test("credentials of single services of all users are none", async () => {
  expect((await iam("ListServiceSpecificCredentials", { AllUsers: true })).status).toBe(200);
  const keys = await server.makeUser("without");
  expect((await iam("ListServiceSpecificCredentials", { AllUsers: true }, keys)).status).toBe(403);
});

test.each(["ListSAMLProviders", "ListServerCertificates"])("%s is empty", async (operation) => {
  const listed = await iam(operation);
  expect(listed.status).toBe(200);
  expect(listed.text).not.toContain("<member>");
  expect((await iam(operation, {}, await server.makeUser(`no-${operation}`))).status).toBe(403);
});

const [USER, SAML] = [{ UserName: "anna" }, `arn:aws:iam::${ACCOUNT}:saml-provider/corp`];
const KEY = { ...USER, SSHPublicKeyId: "APKAEXAMPLEEXAMPLEEX" };
const CERTIFICATE = { ...USER, CertificateId: "A".repeat(24) };
const CREDENTIAL = { ...USER, ServiceSpecificCredentialId: "ACCAEXAMPLEEXAMPLEEX" };
const SERVER = { ServerCertificateName: "web" };
const TAGS = { "Tags.member.1.Key": "a", "Tags.member.1.Value": "b" };
const KEYS = { "TagKeys.member.1": "a" };
const NO_KEY = "The Public Key with id APKAEXAMPLEEXAMPLEEX cannot be found.";
const NO_CERTIFICATE = `The Certificate with id ${"A".repeat(24)} cannot be found.`;
const NO_CREDENTIAL = "The service specific credential ACCAEXAMPLEEXAMPLEEX cannot be found.";
const NO_LOGIN = "Login Profile for User anna cannot be found.";
const NO_RULES = `The Password Policy with domain name ${ACCOUNT} cannot be found.`;
const NO_SAML = `Manifest not found for arn ${SAML}`;
const NO_SERVER = "The Server Certificate with name web cannot be found.";

test.each<[string, Parameters, string]>([
  ["GetSSHPublicKey", { ...KEY, Encoding: "SSH" }, NO_KEY],
  ["UpdateSSHPublicKey", { ...KEY, Status: "Inactive" }, NO_KEY],
  ["DeleteSSHPublicKey", KEY, NO_KEY],
  ["UpdateSigningCertificate", { ...CERTIFICATE, Status: "Inactive" }, NO_CERTIFICATE],
  ["DeleteSigningCertificate", CERTIFICATE, NO_CERTIFICATE],
  ["UpdateServiceSpecificCredential", { ...CREDENTIAL, Status: "Inactive" }, NO_CREDENTIAL],
  ["ResetServiceSpecificCredential", CREDENTIAL, NO_CREDENTIAL],
  ["DeleteServiceSpecificCredential", CREDENTIAL, NO_CREDENTIAL],
  ["GetLoginProfile", USER, NO_LOGIN],
  ["UpdateLoginProfile", { ...USER, Password: "correct horse" }, NO_LOGIN],
  ["DeleteLoginProfile", USER, NO_LOGIN],
  [
    ...(["ChangePassword", { OldPassword: "correct horse", NewPassword: "battery" }] as const),
    "Login Profile for User administrator cannot be found.",
  ],
  ["GetAccountPasswordPolicy", {}, NO_RULES],
  ["DeleteAccountPasswordPolicy", {}, NO_RULES],
  ["GetSAMLProvider", { SAMLProviderArn: SAML }, NO_SAML],
  ["UpdateSAMLProvider", { SAMLProviderArn: SAML }, NO_SAML],
  ["DeleteSAMLProvider", { SAMLProviderArn: SAML }, NO_SAML],
  ["TagSAMLProvider", { SAMLProviderArn: SAML, ...TAGS }, NO_SAML],
  ["UntagSAMLProvider", { SAMLProviderArn: SAML, ...KEYS }, NO_SAML],
  ["ListSAMLProviderTags", { SAMLProviderArn: SAML }, NO_SAML],
  ["GetServerCertificate", SERVER, NO_SERVER],
  ["UpdateServerCertificate", { ...SERVER, NewPath: "/x/" }, NO_SERVER],
  ["DeleteServerCertificate", SERVER, NO_SERVER],
  ["TagServerCertificate", { ...SERVER, ...TAGS }, NO_SERVER],
  ["UntagServerCertificate", { ...SERVER, ...KEYS }, NO_SERVER],
  ["ListServerCertificateTags", SERVER, NO_SERVER],
])("%s finds nothing", async (operation, parameters, text) => {
  expect(refusal(await iam(operation, parameters))).toEqual([404, "NoSuchEntity", text]);
  const keys = await server.makeUser(`no-${operation}`);
  expect((await iam(operation, parameters, keys)).status).toBe(403);
});

const PEM = { CertificateBody: "-----BEGIN CERTIFICATE-----" };
test.each<[string, Parameters, string]>([
  ["UploadSSHPublicKey", { ...USER, SSHPublicKeyBody: "ssh-rsa AAAA" }, "SSH public keys of users"],
  ["UploadSigningCertificate", { ...USER, ...PEM }, "signing certificates of users"],
  [
    ...(["CreateServiceSpecificCredential", { ...USER, ServiceName: "codecommit.amazonaws.com" }] as const),
    "credentials of single services",
  ],
  [
    ...(["CreateLoginProfile", { ...USER, Password: "correct horse" }] as const),
    "passwords of users: they sign in by access keys",
  ],
  ["UpdateAccountPasswordPolicy", { MinimumPasswordLength: 12 }, "passwords, and no rules for them"],
  [
    ...(["CreateSAMLProvider", { Name: "corp", SAMLMetadataDocument: "x".repeat(1000) }] as const),
    "SAML providers; OpenID Connect providers it has",
  ],
  ["UploadServerCertificate", { ...SERVER, ...PEM, PrivateKey: "x" }, "server certificates"],
])("%s is refused by name", async (operation, parameters, things) => {
  expect(refusal(await iam(operation, parameters))).toEqual([
    ...[400, "InvalidAction", `The operation ${operation} is not available: Berth has no ${things}`],
  ]);
  const keys = await server.makeUser(`no-${operation}`);
  expect((await iam(operation, parameters, keys)).status).toBe(403);
});
