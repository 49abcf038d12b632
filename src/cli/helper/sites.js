import { join } from "node:path";
import { HelperError } from "./errors.js";
import { homeOf, isObject, readJsonObject, stateFolder } from "./files.js";
import { regionOfProfile } from "./profiles.js";

/**
 * A registry host of ours and where its API is.
 * @typedef {object} Site
 * @property {string} host lower case, with its port
 * @property {string} endpoint origin of the API
 * @property {string} region
 * @property {string | undefined} account from a host of ECR's form
 * @property {string | undefined} profile
 * @property {boolean} named false: nobody but the server name that docker passed on says that this host is ours
 */

/** `src/http/registry-host.ts` reads hosts by the same form. */
const ECR_HOST = /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)(?::\d+)?$/;
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::\d{1,5})?$/;
const DEFAULT_REGION = "us-east-1";

/**
 * The host of a server name as clients pass it: with a scheme, a path or a slash at its end, in any case. Undefined when
 * that is no host.
 * @param {string} server
 */
export function hostOf(server) {
  const host = server
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/.*$/s, "");
  return HOST.test(host) ? host : undefined;
}

/** Docker, too, speaks HTTP to these. @param {string} host */
export function isLoopback(host) {
  const name = host.replace(/:\d+$/, "");
  return /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(name);
}

/**
 * The origin of an endpoint.
 * @param {string} text
 * @param {string} source what to call it in an error
 */
export function parseEndpoint(text, source) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new HelperError(`${source} must be like https://registry.example.com`);
  }
  return url.origin;
}

/** Where the API of a host is when nobody said. @param {string} host */
export function defaultEndpoint(host) {
  const [, , fips, region, domain] = ECR_HOST.exec(host) ?? [];
  // AWS's API, or ours under AWS's names, is not on the registry's host.
  if (domain !== undefined && /^amazonaws\.com(?:\.cn)?$/.test(domain)) {
    return fips ? `https://ecr-fips.${region}.${domain}` : `https://api.ecr.${region}.${domain}`;
  }
  return `${isLoopback(host) ? "http" : "https"}://${host}`;
}

/** @param {string} host */
export function isEcrHost(host) {
  return ECR_HOST.test(host);
}

/** @param {import("./files.js").Env} env */
export function configurationFile(env) {
  return env.BERTH_CONFIG || join(stateFolder(env), "config.json");
}

/**
 * Entries by host. What else the file holds is for others.
 * @param {import("./files.js").Env} env
 * @returns {Promise<Map<string, { endpoint?: string, region?: string, profile?: string }>>}
 */
export async function configuredHosts(env) {
  const file = configurationFile(env);
  const hosts = (await readJsonObject(file))?.hosts ?? {};
  if (!isObject(hosts)) throw new HelperError(`${file}: hosts must be an object`);
  const entries = Object.entries(hosts).map(([name, entry]) => {
    const host = hostOf(name);
    if (host === undefined) throw new HelperError(`${file}: ${JSON.stringify(name)} is not a host`);
    if (!isObject(entry)) throw new HelperError(`${file}: the entry of ${host} must be an object`);
    for (const key of ["endpoint", "region", "profile"]) {
      if (entry[key] !== undefined && typeof entry[key] !== "string") {
        throw new HelperError(`${file}: ${key} of ${host} must be a string`);
      }
    }
    return /** @type {[string, Record<string, string>]} */ ([host, entry]);
  });
  return new Map(entries);
}

/**
 * The site of a host that is ours: it stands in the configuration file, or `AWS_ENDPOINT_URL_ECR` or `AWS_ENDPOINT_URL`
 * names it, or it has ECR's form. Undefined for anybody else's.
 * @param {string} host
 * @param {import("./files.js").Env} env
 * @returns {Promise<Site | undefined>}
 */
export async function findSite(host, env) {
  const entry = (await configuredHosts(env)).get(host);
  const fromEnvironment = endpointOfEnvironment(env);
  const isNamed = entry !== undefined || fromEnvironment?.host === host;
  if (!isNamed && !isEcrHost(host)) return undefined;
  const given = entry?.endpoint;
  const endpoint =
    given !== undefined
      ? parseEndpoint(given, `${configurationFile(env)}: endpoint of ${host}`)
      : (fromEnvironment?.endpoint ?? defaultEndpoint(host));
  return siteAt(host, endpoint, env, {
    ...entry,
    named: isNamed || fromEnvironment !== undefined || (await isNamedToDocker(host, env)),
  });
}

/**
 * @param {string} host
 * @param {string} endpoint
 * @param {import("./files.js").Env} env
 * @param {{ region?: string | undefined, profile?: string | undefined, named: boolean }} settings
 * @returns {Promise<Site>}
 */
export async function siteAt(host, endpoint, env, { region, profile, named }) {
  const [, account, , regionOfHost] = ECR_HOST.exec(host) ?? [];
  const known = region || regionOfHost || env.AWS_REGION || env.AWS_DEFAULT_REGION;
  return {
    ...{ host, endpoint, account, profile, named },
    region: known || (await regionOfProfile(profile, env)) || DEFAULT_REGION,
  };
}

/** @param {import("./files.js").Env} env */
function endpointOfEnvironment(env) {
  const name = env.AWS_ENDPOINT_URL_ECR ? "AWS_ENDPOINT_URL_ECR" : "AWS_ENDPOINT_URL";
  const text = env[name];
  if (!text) return undefined;
  const endpoint = parseEndpoint(text, name);
  return { endpoint, host: new URL(endpoint).host };
}

/** @param {import("./files.js").Env} env */
export function dockerConfigurationFile(env) {
  return join(env.DOCKER_CONFIG || join(homeOf(env), ".docker"), "config.json");
}

/**
 * Whether the user gave this very host to a credential helper, as opposed to all hosts.
 * @param {string} host
 * @param {import("./files.js").Env} env
 */
async function isNamedToDocker(host, env) {
  const helpers = (await readJsonObject(dockerConfigurationFile(env)).catch(() => undefined))?.credHelpers;
  return isObject(helpers) && Object.keys(helpers).some((name) => hostOf(name) === host);
}
