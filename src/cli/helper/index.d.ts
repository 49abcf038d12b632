/** Types of index.js, by hand: the helper has no build step. */

type Env = Readonly<Record<string, string | undefined>>;

/** Something to tell the user as it stands: its message holds no secret. */
export class HelperError extends Error {
  override name: string;
}

/** A registry host of ours and where its API is. */
export interface Site {
  /** Lower case, with its port. */
  readonly host: string;
  /** Origin of the API. */
  readonly endpoint: string;
  readonly region: string;
  /** From a host of ECR's form. */
  readonly account: string | undefined;
  readonly profile: string | undefined;
  /** False: nobody but the server name that docker passed on says that this host is ours. */
  readonly named: boolean;
}

/** An entry of the configuration file. */
export interface HostEntry {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
}

/** Keys to sign with. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
}

export interface TemporaryKeys extends Keys {
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

/** Who the chain says one is, before anybody was asked. */
export interface Identity {
  readonly source: string;
  readonly name: string;
  readonly keys?: Keys;
  readonly webIdentity?: { readonly token: string; readonly roleArn: string; readonly sessionName: string };
}

/** Where a call goes. */
export interface Target {
  readonly endpoint: string;
  readonly region: string;
  readonly env: Env;
  readonly timeout?: number;
}

export interface Session {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

export interface PostToSign {
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly service: string;
  readonly region: string;
}

export function findIdentity(site: Site, env: Env): Promise<Identity | undefined>;
export function openIdentity(identity: Identity, target: Target): Promise<Keys>;
export function webIdentity(file: string, roleArn: string, sessionName?: string): Promise<Identity>;
export function isObject(value: unknown): value is Record<string, unknown>;
export function readJsonObject(file: string): Promise<Record<string, unknown> | undefined>;
export function readText(file: string): Promise<string | undefined>;
export function writeWhole(file: string, text: string, mode?: number): Promise<void>;
export function writeSession(session: Session, env: Env): Promise<void>;
export function signPost(request: PostToSign, keys: Keys, now: Date): Record<string, string>;
export function configurationFile(env: Env): string;
export function configuredHosts(env: Env): Promise<Map<string, HostEntry>>;
export function defaultEndpoint(host: string): string;
export function dockerConfigurationFile(env: Env): string;
export function findSite(host: string, env: Env): Promise<Site | undefined>;
export function hostOf(server: string): string | undefined;
export function isLoopback(host: string): boolean;
export function parseEndpoint(text: string, source: string): string;
export function siteAt(
  host: string,
  endpoint: string,
  env: Env,
  settings: {
    readonly region?: string | undefined;
    readonly profile?: string | undefined;
    readonly named: boolean;
  },
): Promise<Site>;
export function getCallerIdentity(
  target: Target,
  keys: Keys,
): Promise<{ readonly arn: string; readonly account: string }>;
export function getSessionToken(target: Target, keys: Keys, seconds: number): Promise<TemporaryKeys>;
/** PEM bundles to trust; undefined: Node's list. */
export function authorities(env: Env): Promise<string[] | undefined>;
