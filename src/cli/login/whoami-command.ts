import type { Command } from "commander";
import { doing } from "../command-line.ts";
import { type Io, writeJson } from "../io.ts";
import { hostArgument, hostValue } from "./command.ts";
import { findIdentity, findSite, getCallerIdentity, HelperError, type Keys, openIdentity } from "./helper.ts";

/** `berth whoami`. */
export function addWhoami(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("whoami")
    .summary("who docker-credential-berth logs in as")
    .description(
      "Shows who docker-credential-berth logs in as: principal, account, endpoint, where the keys come from and when " +
        "they end.",
    )
    .argument("[host]", "may be left out when one is configured", hostValue)
    .option("--json", "as JSON")
    .action(
      doing(async (named: string | undefined, { json = false }: { json?: boolean }) => {
        const facts = await whoami(await hostArgument(named, env), env);
        if (json) writeJson(io, facts);
        else
          for (const [name, value] of Object.entries(facts)) io.stdout.write(`${name.padEnd(12)} ${value}\n`);
      }),
    );
}

async function whoami(host: string, env: NodeJS.ProcessEnv): Promise<Readonly<Record<string, string>>> {
  const site = await findSite(host, env);
  if (site === undefined) throw new HelperError(`${host} is not known; run: berth login ${host}`);
  const identity = await findIdentity(site, env);
  if (identity === undefined) throw new HelperError(`nobody is logged in; run: berth login ${host}`);
  const target = { endpoint: site.endpoint, region: site.region, env };
  const keys = await openIdentity(identity, target);
  const { arn, account } = await getCallerIdentity(target, keys);
  return {
    ...{ principal: arn, account, endpoint: site.endpoint },
    ...{ credentials: identity.source, expires: endOf(keys) },
  };
}

function endOf({ sessionToken, expiresAt }: Keys): string {
  if (expiresAt !== undefined) return expiresAt.toISOString();
  return sessionToken === undefined ? "never" : "unknown";
}
