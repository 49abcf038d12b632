import { findCredentials } from "../images/credentials.ts";
import {
  defaultEndpoint,
  findIdentity,
  findSite,
  HelperError,
  openIdentity,
  type Site,
  siteAt,
} from "../login/helper.ts";

/** Where the API of a host is, and whose name and password are known for it. */
export interface HostLogin {
  readonly site: Site;
  readonly user: string;
  /** Of a session, the secret and its token with a dot between: secrets hold none. */
  readonly password: string;
}

/**
 * Finds endpoint and credentials of a host: those of docker-credential-berth, else what `berth import` would take.
 * @throws HelperError where there are none
 */
export async function findLogin(host: string, env: NodeJS.ProcessEnv): Promise<HostLogin> {
  const known = await findSite(host, env);
  const identity = known === undefined ? undefined : await findIdentity(known, env);
  if (known !== undefined && identity !== undefined) {
    const { endpoint, region } = known;
    const keys = await openIdentity(identity, { endpoint, region, env });
    const password = [keys.secretAccessKey, keys.sessionToken].filter((part) => part !== undefined).join(".");
    return { site: known, user: keys.accessKeyId, password };
  }
  const found = await findCredentials(host, env);
  if (found === undefined) throw new HelperError(`nobody is logged in; run: berth login ${host}`);
  const site = known ?? (await siteAt(host, defaultEndpoint(host), env, { named: false }));
  return { site, user: found.username, password: found.password };
}
