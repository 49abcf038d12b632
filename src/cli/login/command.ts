import { InvalidArgumentError } from "commander";
import { UsageError } from "../command-line.ts";
import { configuredHosts, hostOf } from "./helper.ts";

/** For an argument or an option's value. @throws InvalidArgumentError */
export function hostValue(text: string): string {
  const host = hostOf(text);
  if (host === undefined) throw new InvalidArgumentError("It is no host.");
  return host;
}

/** The host that a command is about: the one that was named, or the only one that is configured. @throws UsageError */
export async function hostArgument(named: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  if (named !== undefined) return named;
  const hosts = [...(await configuredHosts(env)).keys()];
  const [only, ...others] = hosts;
  if (only === undefined) throw new UsageError("name a HOST: none is configured yet");
  if (others.length > 0) throw new UsageError(`name a HOST: ${hosts.join(", ")}`);
  return only;
}

const REGION = /^[a-z0-9-]{1,64}$/;

/** For an option's value. @throws InvalidArgumentError */
export function regionValue(text: string): string {
  if (!REGION.test(text)) throw new InvalidArgumentError("It must be small letters, digits and '-'.");
  return text;
}
