import { realpath, stat } from "node:fs/promises";
import { parseStrictJson, StrictJsonError } from "../../registry/strict-json.ts";
import { dockerConfigurationFile, HelperError, isObject, readText, writeWhole } from "./helper.ts";

/** The suffix of `docker-credential-berth`. */
const HELPER = "berth";

export interface DockerChange {
  readonly file: string;
  /** Other helpers that these hosts had, by host. */
  readonly replaced: ReadonlyMap<string, string>;
}

/**
 * Has docker ask our helper for these hosts, by `credHelpers` of its config.json. What else is there stays, as do the
 * file's mode, its indentation and a link that leads to it.
 * @throws HelperError when the file holds anything but what docker would read
 */
export async function addCredentialHelper(
  hosts: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<DockerChange> {
  const named = dockerConfigurationFile(env);
  const file = await realpath(named).catch(() => named);
  const text = (await readText(file)) ?? "";
  const configuration = parse(text, named);
  const before = configuration["credHelpers"] ?? {};
  if (!isObject(before)) throw new HelperError(`${named}: credHelpers must be an object`);
  const replaced = new Map<string, string>();
  const helpers = { ...before };
  for (const host of hosts) {
    const other = before[host];
    if (other !== undefined && other !== HELPER) replaced.set(host, String(other));
    helpers[host] = HELPER;
  }
  if (hosts.some((host) => before[host] !== HELPER)) {
    const changed = { ...configuration, credHelpers: helpers };
    const mode = (await stat(file).catch(() => undefined))?.mode ?? 0o600;
    await writeWhole(file, `${JSON.stringify(changed, null, indentationOf(text))}\n`, mode & 0o777);
  }
  return { file: named, replaced };
}

function parse(text: string, file: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  try {
    const value = parseStrictJson(Buffer.from(text));
    if (isObject(value)) return value;
  } catch (error) {
    // Its message may quote the passwords that docker keeps there.
    if (!(error instanceof StrictJsonError)) throw error;
    throw new HelperError(`${file} is not JSON that can be rewritten without loss; it stays as it is`);
  }
  throw new HelperError(`${file} holds no JSON object; it stays as it is`);
}

/** Docker writes tabs. */
function indentationOf(text: string): string {
  return /^\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? "\t";
}
