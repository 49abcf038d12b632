import {
  configurationFile,
  configuredHosts,
  defaultEndpoint,
  findSite,
  HelperError,
  type HostEntry,
  hostOf,
  isLoopback,
  isObject,
  parseEndpoint,
  readJsonObject,
  type Site,
  siteAt,
  writeWhole,
} from "./helper.ts";

/** What options say about a host; the rest comes from where it is known already. */
export interface HostOptions {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly profile: string | undefined;
}

/** The site of a host that the user named, whether it was known before or not. */
export async function chooseSite(host: string, options: HostOptions, env: NodeJS.ProcessEnv): Promise<Site> {
  const known = await findSite(host, env);
  const entry = (await configuredHosts(env)).get(host);
  const endpoint =
    options.endpoint === undefined
      ? (known?.endpoint ?? defaultEndpoint(host))
      : parseEndpoint(options.endpoint, "--endpoint");
  const region = options.region ?? entry?.region;
  const profile = options.profile ?? entry?.profile;
  return siteAt(host, endpoint, env, { region, profile, named: true });
}

/** Writes a site into the configuration file and leaves everything else in it as it is. */
export async function rememberSite(site: Site, env: NodeJS.ProcessEnv): Promise<void> {
  const file = configurationFile(env);
  const configuration = (await readJsonObject(file)) ?? {};
  const hosts = configuration["hosts"] ?? {};
  if (!isObject(hosts)) throw new HelperError(`${file}: hosts must be an object`);
  // It may stand there in another spelling.
  const name = Object.keys(hosts).find((each) => hostOf(each) === site.host) ?? site.host;
  const before = isObject(hosts[name]) ? hosts[name] : {};
  const { endpoint, region, profile } = site;
  const entry: HostEntry = { ...before, endpoint, region, ...(profile === undefined ? {} : { profile }) };
  const changed = { ...configuration, hosts: { ...hosts, [name]: entry } };
  await writeWhole(file, `${JSON.stringify(changed, null, 2)}\n`);
}

/** What to say about an endpoint that anybody on the way can read; undefined when there is nothing to say. */
export function plainHttpWarning({ endpoint }: Site): string | undefined {
  const url = new URL(endpoint);
  if (url.protocol === "https:" || isLoopback(url.host)) return undefined;
  return `warning: ${endpoint} is not encrypted: who listens can use the tokens that it answers`;
}
