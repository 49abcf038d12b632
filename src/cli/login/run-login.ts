import { exitCode, hostArgument, type Io, parseCommand, parseRegion, UsageError } from "./command.ts";
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

const USAGE = `Usage: berth login [options] [HOST]

Exchanges an access key, or a web identity token, for temporary keys that docker-credential-berth and berth whoami use.
The access key itself is not kept. HOST may be left out when one is configured.

  --access-key-id ID              asked for on a terminal
  --web-identity-token-file FILE  an OIDC token instead of an access key, with
  --role-arn ARN                  the role to take on
  --role-session-name NAME        and what to call the session
  --endpoint URL                  where the API of HOST is; by default as configured, or HOST itself
  --region REGION                 by default as configured
  -h, --help                      this text

The secret access key is asked for on a terminal, and read from stdin elsewhere.
`;

const OPTIONS = {
  "access-key-id": { type: "string" },
  "web-identity-token-file": { type: "string" },
  "role-arn": { type: "string" },
  "role-session-name": { type: "string" },
  endpoint: { type: "string" },
  region: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Seconds: as long as a registry token. The root user of an account gets less. */
const SESSION_DURATION = 12 * 60 * 60;

/** `berth login`: `argv` is what follows the command's name. Resolves to the exit code. */
export function runLogin(argv: readonly string[], env: NodeJS.ProcessEnv, io: Io): Promise<number> {
  return exitCode(io, USAGE, async () => {
    const { values, positionals } = parseCommand(argv, OPTIONS);
    if (values.help) {
      io.stdout.write(USAGE);
      return;
    }
    const proof = proofOf(values);
    const { endpoint } = values;
    const region = parseRegion(values.region);
    const host = await hostArgument(positionals, env);
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
  });
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

function proofOf(values: {
  readonly "access-key-id"?: string | undefined;
  readonly "web-identity-token-file"?: string | undefined;
  readonly "role-arn"?: string | undefined;
  readonly "role-session-name"?: string | undefined;
}): Proof {
  const id = values["access-key-id"];
  const file = values["web-identity-token-file"];
  const role = values["role-arn"];
  const name = values["role-session-name"];
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
