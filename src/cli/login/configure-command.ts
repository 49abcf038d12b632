import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { doing, UsageError } from "../command-line.ts";
import { type Io, writeJsonLine } from "../io.ts";
import { hostValue, regionValue } from "./command.ts";
import { addCredentialHelper } from "./docker-configuration.ts";
import {
  configurationFile,
  configuredHosts,
  findIdentity,
  findSite,
  HelperError,
  parseEndpoint,
} from "./helper.ts";
import { chooseSite, plainHttpWarning, rememberSite } from "./host-settings.ts";

const HELPER = "docker-credential-berth";

interface ConfigureOptions {
  readonly host?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly docker?: boolean;
  readonly json?: boolean;
}

/** `berth configure`. */
export function addConfigure(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("configure")
    .summary("say where the API of a registry host is; without options, show what is known")
    .description(
      "Says where the API of a registry host is, for docker-credential-berth, berth login and berth whoami. Without " +
        "options it shows what is known. Kept in ~/.berth/config.json, or in the file that BERTH_CONFIG names.",
    )
    .option("--host <host>", "as it stands in image names; by default that of --endpoint", hostValue)
    .option("--endpoint <url>", "where its API is; by default the host itself")
    .option(
      "--region <region>",
      "by default that of the host, of AWS_REGION or of the profile, else us-east-1",
      regionValue,
    )
    .option("--profile <name>", "profile of ~/.aws whose keys to use")
    .option(
      "--docker",
      "have docker ask docker-credential-berth for the host; alone: for all hosts that are configured",
    )
    .option("--json", "show a host a line, as JSON")
    .action(doing((options: ConfigureOptions) => configure(options, io, env)));
}

async function configure(options: ConfigureOptions, io: Io, env: NodeJS.ProcessEnv): Promise<void> {
  const { endpoint, region, profile, docker = false, json = false } = options;
  const host = hostOption(options);
  if (host === undefined) {
    if (region !== undefined || profile !== undefined) throw new UsageError("--host is missing");
    await (docker ? tellDocker([...(await configuredHosts(env)).keys()], env, io) : show(json, env, io));
    return;
  }
  if (docker) requireHelper(env);
  const site = await chooseSite(host, { endpoint, region, profile }, env);
  await rememberSite(site, env);
  io.stdout.write(`${host}: ${site.endpoint}, region ${site.region}\n`);
  const warning = plainHttpWarning(site);
  if (warning !== undefined) io.stderr.write(`berth: ${warning}\n`);
  if (docker) await tellDocker([host], env, io);
}

function hostOption({ host, endpoint }: ConfigureOptions): string | undefined {
  if (host !== undefined || endpoint === undefined) return host;
  return new URL(parseEndpoint(endpoint, "--endpoint")).host;
}

async function show(json: boolean, env: NodeJS.ProcessEnv, io: Io): Promise<void> {
  const hosts = await configuredHosts(env);
  if (hosts.size === 0) io.stderr.write(`berth: ${configurationFile(env)} names no host yet\n`);
  for (const [host, { profile }] of hosts) {
    const site = await chooseSite(host, { endpoint: undefined, region: undefined, profile: undefined }, env);
    if (json) {
      writeJsonLine(io, { host, endpoint: site.endpoint, region: site.region, profile });
      continue;
    }
    const keys = profile === undefined ? "" : `, profile ${profile}`;
    io.stdout.write(`${host}: ${site.endpoint}, region ${site.region}${keys}\n`);
  }
}

async function tellDocker(hosts: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<void> {
  if (hosts.length === 0) throw new UsageError("--host is missing: none is configured yet");
  requireHelper(env);
  const { file, replaced } = await addCredentialHelper(hosts, env);
  io.stdout.write(`docker logs in to ${hosts.join(", ")} by ${HELPER} (${file})\n`);
  for (const [host, helper] of replaced) io.stderr.write(`berth: ${host} was ${helper}'s before\n`);
  for (const host of hosts) {
    const site = await findSite(host, env);
    if (site !== undefined && (await findIdentity(site, env)) === undefined) {
      io.stderr.write(`berth: nobody is logged in to ${host} yet; run: berth login ${host}\n`);
    }
  }
}

/** Docker fails for every host whose helper it cannot find, pulls of public images among them. */
function requireHelper(env: NodeJS.ProcessEnv): void {
  if (isOnPath(HELPER, env)) return;
  const folder = fileURLToPath(new URL("../../../src/cli/helper/", import.meta.url));
  throw new HelperError(
    `${HELPER} is not on PATH, where docker looks for it; nothing was changed. It is in ${folder}: ` +
      `link ${HELPER}.js from there under that name into a folder of PATH`,
  );
}

function isOnPath(program: string, env: NodeJS.ProcessEnv): boolean {
  return (env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}
