import type { EntityKind } from "./entity.ts";

/** What an ARN of IAM names inside its account. */
export interface IamArn {
  /** `aws` for AWS's own policies. */
  readonly account: string;
  readonly kind: EntityKind | "policy";
  readonly path: string;
  readonly name: string;
}

/** `arn:aws:iam::<account>:<kind><path><name>`. */
export function iamArn({ account, kind, path, name }: IamArn): string {
  return `arn:aws:iam::${account}:${kind}${path}${name}`;
}

export function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`;
}

/** ARN of a session; it lacks the path of the role. */
export function assumedRoleArn(account: string, roleName: string, sessionName: string): string {
  return `arn:aws:sts::${account}:assumed-role/${roleName}/${sessionName}`;
}

export function federatedUserArn(account: string, name: string): string {
  return `arn:aws:sts::${account}:federated-user/${name}`;
}

export function oidcProviderArn(account: string, url: string): string {
  return `arn:aws:iam::${account}:oidc-provider/${url}`;
}

export function instanceProfileArn({
  account,
  path,
  name,
}: {
  readonly account: string;
  readonly path: string;
  readonly name: string;
}): string {
  return `arn:aws:iam::${account}:instance-profile${path}${name}`;
}

/** Serial number of a virtual MFA device. */
export function mfaDeviceArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:mfa${path}${name}`;
}

const IAM_ARN =
  /^arn:aws:iam::(\d{12}|aws):(user|group|role|policy)(\/(?:[\u0021-\u007E]*\/)?)([A-Za-z0-9_+=,.@-]+)$/;
const OIDC_ARN = /^arn:aws:iam::(\d{12}):oidc-provider\/([\u0021-\u007E]+)$/;
const SESSION_ARN = /^arn:aws:sts::(\d{12}):assumed-role\/([A-Za-z0-9_+=,.@-]+)\/([A-Za-z0-9_+=,.@-]+)$/;

/** The parts of an ARN of a user, group, role or policy; undefined for anything else. */
export function parseIamArn(arn: string): IamArn | undefined {
  const [, account, kind, path, name] = IAM_ARN.exec(arn) ?? [];
  if (account === undefined || path === undefined || name === undefined) return undefined;
  return { account, kind: kind as IamArn["kind"], path, name };
}

export function parseOidcProviderArn(arn: string): { account: string; url: string } | undefined {
  const [, account, url] = OIDC_ARN.exec(arn) ?? [];
  return account === undefined || url === undefined ? undefined : { account, url };
}

export function parseSessionArn(
  arn: string,
): { account: string; roleName: string; sessionName: string } | undefined {
  const [, account, roleName, sessionName] = SESSION_ARN.exec(arn) ?? [];
  if (account === undefined || roleName === undefined || sessionName === undefined) return undefined;
  return { account, roleName, sessionName };
}
