import { emptyList, emptyListOfUser, missing, missingOfUser, refused, refusedOfUser } from "./answers.ts";

/**
 * What AWS's IAM has and Berth does not: passwords and their rules, certificates, SSH keys and credentials of single
 * services, SAML. Tools that show or delete users and accounts ask for it: lists are empty, one of them is not found, and
 * whoever makes one is told that there are none. By operation, as the files of operations are.
 */

interface SshKey {
  readonly SSHPublicKeyId: string;
}
const noSshKey = missingOfUser<SshKey>(
  ({ SSHPublicKeyId: id }) => `The Public Key with id ${id} cannot be found.`,
);

export { noSshKey as GetSSHPublicKey, noSshKey as UpdateSSHPublicKey, noSshKey as DeleteSSHPublicKey };
export const ListSSHPublicKeys = emptyListOfUser({ SSHPublicKeys: [] });
export const UploadSSHPublicKey = refusedOfUser("SSH public keys of users");

interface SigningCertificate {
  readonly CertificateId: string;
}
const noSigningCertificate = missingOfUser<SigningCertificate>(
  ({ CertificateId: id }) => `The Certificate with id ${id} cannot be found.`,
);

export { noSigningCertificate as UpdateSigningCertificate, noSigningCertificate as DeleteSigningCertificate };
export const ListSigningCertificates = emptyListOfUser({ Certificates: [] });
export const UploadSigningCertificate = refusedOfUser("signing certificates of users");

interface ServiceCredential {
  readonly ServiceSpecificCredentialId: string;
}
const noServiceCredential = missingOfUser<ServiceCredential>(
  ({ ServiceSpecificCredentialId: id }) => `The service specific credential ${id} cannot be found.`,
);

export {
  noServiceCredential as UpdateServiceSpecificCredential,
  noServiceCredential as ResetServiceSpecificCredential,
  noServiceCredential as DeleteServiceSpecificCredential,
};
export const ListServiceSpecificCredentials = emptyListOfUser({ ServiceSpecificCredentials: [] });
export const CreateServiceSpecificCredential = refusedOfUser("credentials of single services");

const noLoginProfile = missingOfUser<object>(
  (_, userName) => `Login Profile for User ${userName} cannot be found.`,
);

export {
  noLoginProfile as GetLoginProfile,
  noLoginProfile as UpdateLoginProfile,
  noLoginProfile as DeleteLoginProfile,
  noLoginProfile as ChangePassword,
};
export const CreateLoginProfile = refusedOfUser("passwords of users: they sign in by access keys");

const ofAccount = (): string => "*";
const noPasswordPolicy = missing<object>(
  ofAccount,
  (_, account) => `The Password Policy with domain name ${account} cannot be found.`,
);

export { noPasswordPolicy as GetAccountPasswordPolicy, noPasswordPolicy as DeleteAccountPasswordPolicy };
export const UpdateAccountPasswordPolicy = refused<object>(ofAccount, "passwords, and no rules for them");

interface SamlProvider {
  readonly SAMLProviderArn: string;
}
const noSamlProvider = missing<SamlProvider>(
  ({ SAMLProviderArn: arn }) => arn,
  ({ SAMLProviderArn: arn }) => `Manifest not found for arn ${arn}`,
);

export {
  noSamlProvider as GetSAMLProvider,
  noSamlProvider as UpdateSAMLProvider,
  noSamlProvider as DeleteSAMLProvider,
  noSamlProvider as TagSAMLProvider,
  noSamlProvider as UntagSAMLProvider,
  noSamlProvider as ListSAMLProviderTags,
};
export const ListSAMLProviders = emptyList({ SAMLProviderList: [] });
export const CreateSAMLProvider = refused<{ readonly Name: string }>(
  ({ Name: name }, account) => `arn:aws:iam::${account}:saml-provider/${name}`,
  "SAML providers; OpenID Connect providers it has",
);

interface ServerCertificate {
  readonly ServerCertificateName: string;
  readonly Path?: string | undefined;
}
const certificateArn = (
  { ServerCertificateName: name, Path: path = "/" }: ServerCertificate,
  account: string,
) => `arn:aws:iam::${account}:server-certificate${path}${name}`;
const noServerCertificate = missing<ServerCertificate>(
  certificateArn,
  ({ ServerCertificateName: name }) => `The Server Certificate with name ${name} cannot be found.`,
);

export {
  noServerCertificate as GetServerCertificate,
  noServerCertificate as UpdateServerCertificate,
  noServerCertificate as DeleteServerCertificate,
  noServerCertificate as TagServerCertificate,
  noServerCertificate as UntagServerCertificate,
  noServerCertificate as ListServerCertificateTags,
};
export const ListServerCertificates = emptyList({ ServerCertificateMetadataList: [] });
export const UploadServerCertificate = refused(certificateArn, "server certificates");
