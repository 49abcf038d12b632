import type { OutboundHosts } from "../../kernel/outbound-hosts.ts";
import { parseOidcProviderArn } from "./arns.ts";
import { alreadyExists, IamError, invalidInput, noSuch, quotaExceeded } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import type { IdentityChange, IdentityReader, OidcProvider, OidcProviderReader } from "./ports/index.ts";
import { mergeTags, type Tag, tagsOf, withoutTags } from "./tags.ts";

const TAGS_QUOTA = "TagsPerOpenIdConnectProvider";

/** What condition keys of services begin with: claims of an issuer of that name would pass for theirs. */
const RESERVED = /^(?:aws|sts|iam|ecr|ecs)\/?$/i;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The issuer as providers are named by: without its scheme, with the slash at its end where it has one. http is for issuers
 * on this machine alone, where nobody else can listen in.
 * @throws IamError ValidationError
 */
export function providerUrl(issuer: string): string {
  const url = URL.parse(issuer);
  const isPlain = !/[\s%?#@\\]/.test(issuer);
  if (
    url === null ||
    !isPlain ||
    !(url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname)))
  ) {
    throw invalidUrl(issuer);
  }
  const name = withoutScheme(issuer);
  if (RESERVED.test(name)) throw invalidUrl(issuer);
  return name;
}

/**
 * The provider that a token's issuer stands for. Providers of an older version were kept without the slash at the end, and
 * go on to stand for their issuer.
 */
export async function findProviderOf(
  reader: OidcProviderReader,
  issuer: string,
): Promise<OidcProvider | undefined> {
  const url = nameOf(issuer);
  if (url === undefined) return undefined;
  const found = await reader.findOidcProvider(url);
  return found ?? (url.endsWith("/") ? reader.findOidcProvider(url.slice(0, -1)) : undefined);
}

/** Undefined for an issuer that no provider may have. */
function nameOf(issuer: string): string | undefined {
  try {
    return providerUrl(issuer);
  } catch {
    return undefined;
  }
}

/** Whether a host name means this machine. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

function withoutScheme(issuer: string): string {
  return issuer.slice(issuer.indexOf("//") + 2);
}

function invalidUrl(issuer: string): IamError {
  return new IamError(
    "ValidationError",
    `Invalid Open ID Connect Provider URL ${issuer}: it must begin with https:// and have neither query nor fragment`,
  );
}

export interface OidcProviderInput {
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: readonly Tag[] | undefined;
}

/** @throws IamError ValidationError for an issuer whose host is seen to be private, unless `hosts` has it */
export function requireReachable(issuer: string, hosts: OutboundHosts): void {
  const { hostname } = new URL(issuer);
  if (!hosts.refuses(hostname)) return;
  throw new IamError(
    "ValidationError",
    `Invalid Open ID Connect Provider URL ${issuer}: ${hostname} is private, and BERTH_OIDC_PRIVATE_HOSTS does not name it`,
  );
}

export async function createOidcProvider(
  change: IdentityChange,
  input: OidcProviderInput,
  at: Date,
): Promise<OidcProvider> {
  const url = providerUrl(input.url);
  const tags = tagsOf(input.tags, TAGS_QUOTA);
  requireThumbprints(input.thumbprints);
  if (input.clientIds.length > LIMITS.clientIds) throw tooManyClientIds();
  if ((await change.findOidcProvider(url)) !== undefined) {
    throw alreadyExists(`Provider with url ${input.url} already exists.`);
  }
  if ((await change.listOidcProviders()).length >= LIMITS.oidcProviders) {
    throw quotaExceeded("OpenIdConnectProvidersPerAccount", LIMITS.oidcProviders);
  }
  const clientIds = [...new Set(input.clientIds)];
  const provider = { url, clientIds, thumbprints: [...input.thumbprints], tags, createdAt: at };
  await change.insertOidcProvider(provider);
  return provider;
}

/** @throws IamError NoSuchEntityException */
export async function requireOidcProvider(
  reader: IdentityReader,
  account: string,
  arn: string,
): Promise<OidcProvider> {
  const parts = parseOidcProviderArn(arn);
  if (parts === undefined) throw invalidArn(arn);
  const provider = parts.account === account ? await reader.findOidcProvider(parts.url) : undefined;
  if (provider === undefined) throw noSuch(`OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

/** A client id that is there already is no mistake. */
export async function addClientId(
  change: IdentityChange,
  account: string,
  arn: string,
  clientId: string,
): Promise<void> {
  const { url, clientIds } = await requireOidcProvider(change, account, arn);
  if (clientIds.includes(clientId)) return;
  if (clientIds.length >= LIMITS.clientIds) throw tooManyClientIds();
  await change.changeOidcProvider(url, { clientIds: [...clientIds, clientId] });
}

export async function removeClientId(
  change: IdentityChange,
  account: string,
  arn: string,
  clientId: string,
): Promise<void> {
  const { url, clientIds } = await requireOidcProvider(change, account, arn);
  await change.changeOidcProvider(url, { clientIds: clientIds.filter((each) => each !== clientId) });
}

export async function setThumbprints(
  change: IdentityChange,
  account: string,
  arn: string,
  thumbprints: readonly string[],
): Promise<void> {
  const { url } = await requireOidcProvider(change, account, arn);
  requireThumbprints(thumbprints);
  await change.changeOidcProvider(url, { thumbprints });
}

export async function tagOidcProvider(
  change: IdentityChange,
  account: string,
  arn: string,
  list: readonly Tag[],
): Promise<void> {
  const { url, tags } = await requireOidcProvider(change, account, arn);
  await change.changeOidcProvider(url, { tags: mergeTags(tags, list, TAGS_QUOTA) });
}

export async function untagOidcProvider(
  change: IdentityChange,
  account: string,
  arn: string,
  keys: readonly string[],
): Promise<void> {
  const { url, tags } = await requireOidcProvider(change, account, arn);
  await change.changeOidcProvider(url, { tags: withoutTags(tags, keys) });
}

/**
 * Roles that name the provider stay; nobody can assume them through it any more. One that does not exist is no mistake
 * ("This operation is idempotent", IAM, DeleteOpenIDConnectProvider).
 */
export async function deleteOidcProvider(
  change: IdentityChange,
  account: string,
  arn: string,
): Promise<void> {
  const parts = parseOidcProviderArn(arn);
  if (parts?.account !== account) throw invalidArn(arn);
  await change.deleteOidcProvider(parts.url);
}

function requireThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > LIMITS.thumbprints)
    throw invalidInput("Thumbprint list must contain fewer than 5 entries.");
}

function invalidArn(arn: string): IamError {
  return invalidInput(`ARN ${arn} is not valid.`);
}

function tooManyClientIds(): IamError {
  return quotaExceeded("ClientIdsPerOpenIdConnectProvider", LIMITS.clientIds);
}
