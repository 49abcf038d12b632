import { exitCode, hostArgument, type Io, parseCommand } from "./command.ts";
import { findIdentity, findSite, getCallerIdentity, HelperError, type Keys, openIdentity } from "./helper.ts";

const USAGE = `Usage: berth whoami [HOST]

Shows who docker-credential-berth logs in as: principal, account, endpoint, where the keys come from and when they end.
HOST may be left out when one is configured.

  -h, --help   this text
`;

const OPTIONS = { help: { type: "boolean", short: "h", default: false } } as const;

/** `berth whoami`: `argv` is what follows the command's name. Resolves to the exit code. */
export function runWhoami(argv: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<number> {
  return exitCode(io, USAGE, async () => {
    const { values, positionals } = parseCommand(argv, OPTIONS);
    if (values.help) {
      io.stdout.write(USAGE);
      return;
    }
    const host = await hostArgument(positionals, env);
    const site = await findSite(host, env);
    if (site === undefined) throw new HelperError(`${host} is not known; run: berth login ${host}`);
    const identity = await findIdentity(site, env);
    if (identity === undefined) throw new HelperError(`nobody is logged in; run: berth login ${host}`);
    const target = { endpoint: site.endpoint, region: site.region, env };
    const keys = await openIdentity(identity, target);
    const { arn, account } = await getCallerIdentity(target, keys);
    const lines = {
      ...{ principal: arn, account, endpoint: site.endpoint },
      ...{ credentials: identity.source, expires: endOf(keys) },
    };
    for (const [name, value] of Object.entries(lines)) io.stdout.write(`${name.padEnd(12)} ${value}\n`);
  });
}

function endOf({ sessionToken, expiresAt }: Keys): string {
  if (expiresAt !== undefined) return expiresAt.toISOString();
  return sessionToken === undefined ? "never" : "unknown";
}
