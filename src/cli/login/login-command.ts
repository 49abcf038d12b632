import type { Command } from "commander";
import { doing, UsageError } from "../command-line.ts";
import type { Io } from "../io.ts";
import { hostArgument, hostValue, regionValue } from "./command.ts";
import {
  getCallerIdentity,
  getSessionToken,
  HelperError,
  type Keys,
  openIdentity,
  type Target,
  webIdentity,
  writeSession,
} from "./helper.ts";
import { chooseSite, plainHttpWarning, rememberSite } from "./host-settings.ts";
import { Prompt, readSecretLine } from "./prompt.ts";

interface LoginOptions {
  readonly accessKeyId?: string;
  readonly webIdentityTokenFile?: string;
  readonly roleArn?: string;
  readonly roleSessionName?: string;
  readonly endpoint?: string;
  readonly region?: string;
}

/** Seconds: as long as a registry token. The root user of an account gets less. */
const SESSION_DURATION = 12 * 60 * 60;

/** `berth login`. */
export function addLogin(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("login")
    .summary("exchange an access key for temporary keys of this machine")
    .description(
      "Exchanges an access key, or a web identity token, for temporary keys that docker-credential-berth and berth whoami " +
        "use. The access key itself is not kept. The secret access key is asked for on a terminal, and read from stdin " +
        "elsewhere.",
    )
    .argument("[host]", "as it stands in image names; may be left out when one is configured", hostValue)
    .option("--access-key-id <id>", "asked for on a terminal")
    .option("--web-identity-token-file <file>", "an OIDC token instead of an access key, with")
    .option("--role-arn <arn>", "the role to take on")
    .option("--role-session-name <name>", "and what to call the session")
    .option("--endpoint <url>", "where the API of the host is; by default as configured, or the host itself")
    .option("--region <region>", "by default as configured", regionValue)
    .action(doing((named: string | undefined, options: LoginOptions) => login(named, options, io, env)));
}

async function login(
  named: string | undefined,
  options: LoginOptions,
  io: Io,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const proof = proofOf(options);
  const { endpoint, region } = options;
  const host = await hostArgument(named, env);
  const site = await chooseSite(host, { endpoint, region, profile: undefined }, env);
  const warning = plainHttpWarning(site);
  if (warning !== undefined) io.stderr.write(`berth: ${warning}\n`);
  const target = { endpoint: site.endpoint, region: site.region, env };
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await prove(proof, target, io);
  if (sessionToken === undefined || expiresAt === undefined) throw new TypeError("a session has an end");
  const { arn } = await getCallerIdentity(target, { accessKeyId, secretAccessKey, sessionToken });
  const session = { endpoint: site.endpoint, accessKeyId, secretAccessKey, sessionToken };
  await writeSession({ ...session, expiresAt: expiresAt.toISOString() }, env);
  await rememberSite(site, env);
  io.stdout.write(`logged in to ${host} as ${arn} until ${expiresAt.toISOString()}\n`);
}

/** What a login begins with. */
type Proof =
  | { readonly kind: "access-key"; readonly id: string | undefined }
  | {
      readonly kind: "token";
      readonly file: string;
      readonly role: string;
      readonly name: string | undefined;
    };

function proofOf(options: LoginOptions): Proof {
  const { accessKeyId: id, webIdentityTokenFile: file, roleArn: role, roleSessionName: name } = options;
  if (file === undefined && role === undefined && name === undefined) return { kind: "access-key", id };
  if (file === undefined || role === undefined) {
    throw new UsageError("--web-identity-token-file and --role-arn go together");
  }
  if (id !== undefined) throw new UsageError("an access key or a web identity token, not both");
  return { kind: "token", file, role, name };
}

async function prove(proof: Proof, target: Target, io: Io): Promise<Keys> {
  if (proof.kind === "token") {
    return openIdentity(await webIdentity(proof.file, proof.role, proof.name), target);
  }
  return getSessionToken(target, await accessKey(proof.id, io), SESSION_DURATION);
}

async function accessKey(given: string | undefined, io: Io): Promise<Keys> {
  if (io.stdin.isTTY === true) {
    using prompt = new Prompt(io);
    const accessKeyId = given ?? (await prompt.ask("Access key id: ")).trim();
    if (accessKeyId === "") throw new HelperError("no access key id was given");
    return { accessKeyId, secretAccessKey: secret(await prompt.askHidden("Secret access key: ")) };
  }
  if (given === undefined) throw new UsageError("--access-key-id is missing: nobody can be asked for it");
  return { accessKeyId: given, secretAccessKey: secret(await readSecretLine(io.stdin)) };
}

function secret(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new HelperError("no secret access key was given");
  return trimmed;
}
