import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { exitCode, type Io, parseCommand, parseHost, parseRegion, UsageError } from "./command.ts";
import { addCredentialHelper } from "./docker-configuration.ts";
import { configurationFile, configuredHosts, parseEndpoint } from "./helper.ts";
import { chooseSite, plainHttpWarning, rememberSite } from "./host-settings.ts";

const USAGE = `Usage: berth configure [options]

Says where the API of a registry host is, for docker-credential-berth, berth login and berth whoami. Without options it
shows what is known.

  --host HOST      as it stands in image names; by default that of --endpoint
  --endpoint URL   where its API is; by default the host itself
  --region REGION  by default that of the host, of AWS_REGION or of the profile, else us-east-1
  --profile NAME   profile of ~/.aws whose keys to use
  --docker         have docker ask docker-credential-berth for the host; alone: for all hosts that are configured
  -h, --help       this text

Kept in ~/.berth/config.json, or in the file that BERTH_CONFIG names.
`;

const OPTIONS = {
  host: { type: "string" },
  endpoint: { type: "string" },
  region: { type: "string" },
  profile: { type: "string" },
  docker: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** `berth configure`: `argv` is what follows the command's name. Resolves to the exit code. */
export function runConfigure(argv: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<number> {
  return exitCode(io, USAGE, async () => {
    const { values, positionals } = parseCommand(argv, OPTIONS);
    if (values.help) {
      io.stdout.write(USAGE);
      return;
    }
    if (positionals.length > 0)
      throw new UsageError("configure takes options alone; a host goes after --host");
    const { endpoint, profile } = values;
    const region = parseRegion(values.region);
    const host = hostOption(values);
    if (host === undefined) {
      if (region !== undefined || profile !== undefined) throw new UsageError("--host is missing");
      await (values.docker ? tellDocker([...(await configuredHosts(env)).keys()], env, io) : show(env, io));
      return;
    }
    const site = await chooseSite(host, { endpoint, region, profile }, env);
    await rememberSite(site, env);
    io.stdout.write(`${host}: ${site.endpoint}, region ${site.region}\n`);
    const warning = plainHttpWarning(site);
    if (warning !== undefined) io.stderr.write(`berth: ${warning}\n`);
    if (values.docker) await tellDocker([host], env, io);
  });
}

function hostOption({
  host,
  endpoint,
}: {
  readonly host?: string | undefined;
  readonly endpoint?: string | undefined;
}): string | undefined {
  if (host !== undefined) return parseHost(host);
  return endpoint === undefined ? undefined : new URL(parseEndpoint(endpoint, "--endpoint")).host;
}

async function show(env: NodeJS.ProcessEnv, io: Io): Promise<void> {
  const hosts = await configuredHosts(env);
  if (hosts.size === 0) io.stderr.write(`berth: ${configurationFile(env)} names no host yet\n`);
  for (const [host, { profile }] of hosts) {
    const site = await chooseSite(host, { endpoint: undefined, region: undefined, profile: undefined }, env);
    const keys = profile === undefined ? "" : `, profile ${profile}`;
    io.stdout.write(`${host}: ${site.endpoint}, region ${site.region}${keys}\n`);
  }
}

async function tellDocker(hosts: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<void> {
  if (hosts.length === 0) throw new UsageError("--host is missing: none is configured yet");
  const { file, replaced } = await addCredentialHelper(hosts, env);
  io.stdout.write(`docker logs in to ${hosts.join(", ")} by docker-credential-berth (${file})\n`);
  for (const [host, helper] of replaced) io.stderr.write(`berth: ${host} was ${helper}'s before\n`);
  if (!isOnPath("docker-credential-berth", env)) {
    io.stderr.write("berth: docker-credential-berth is not on PATH, where docker looks for it\n");
  }
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
