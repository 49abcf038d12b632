import { join } from "node:path";
import { HelperError } from "./errors.js";
import { homeOf, readText } from "./files.js";

/**
 * Static keys of a profile, from the shared credentials file, then from the configuration file, as AWS's tools read
 * them. Undefined when no profile was named and the default one has none.
 * @param {string | undefined} wanted a host's own profile; else `AWS_PROFILE`
 * @param {import("./files.js").Env} env
 */
export async function keysOfProfile(wanted, env) {
  const named = wanted || env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE;
  const name = named || "default";
  const sections = await sectionsOf(name, env);
  for (const [file, section] of sections) {
    const accessKeyId = section.get("aws_access_key_id") ?? "";
    const secretAccessKey = section.get("aws_secret_access_key") ?? "";
    if (accessKeyId === "" && secretAccessKey === "") continue;
    if (accessKeyId === "" || secretAccessKey === "") {
      throw new HelperError(`profile ${name} in ${file} has half of a key: id and secret go together`);
    }
    const sessionToken = section.get("aws_session_token") || undefined;
    return { accessKeyId, secretAccessKey, sessionToken, source: `profile ${name}` };
  }
  if (!named) return undefined;
  if (sections.length === 0) throw new HelperError(`there is no profile ${name}`);
  throw new HelperError(
    `profile ${name} has no static keys; roles, sso and credential_process of profiles are not read`,
  );
}

/**
 * @param {string | undefined} wanted
 * @param {import("./files.js").Env} env
 */
export async function regionOfProfile(wanted, env) {
  const name = wanted || env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || "default";
  for (const [, section] of await sectionsOf(name, env)) {
    const region = section.get("region");
    if (region) return region;
  }
  return undefined;
}

/**
 * The sections of a profile with the files that they stand in.
 * @param {string} name
 * @param {import("./files.js").Env} env
 * @returns {Promise<[string, Map<string, string>][]>}
 */
async function sectionsOf(name, env) {
  const folder = join(homeOf(env), ".aws");
  const credentials = env.AWS_SHARED_CREDENTIALS_FILE || join(folder, "credentials");
  const configuration = env.AWS_CONFIG_FILE || join(folder, "config");
  /** @type {[string, string[]][]} */
  const places = [
    [credentials, [name]],
    [configuration, name === "default" ? ["default", "profile default"] : [`profile ${name}`]],
  ];
  /** @type {[string, Map<string, string>][]} */
  const found = [];
  for (const [file, titles] of places) {
    const sections = parseIni((await readText(file)) ?? "");
    for (const title of titles) {
      const section = sections.get(title);
      if (section !== undefined) found.push([file, section]);
    }
  }
  return found;
}

/**
 * Sections by title. Indented lines are nested settings, which hold nothing that is asked for here.
 * @param {string} text
 */
export function parseIni(text) {
  /** @type {Map<string, Map<string, string>>} */
  const sections = new Map();
  /** @type {Map<string, string> | undefined} */
  let section;
  for (const line of text.split(/\r?\n/)) {
    const title = titleOf(line);
    if (title !== undefined) {
      section = sections.get(title) ?? new Map();
      sections.set(title, section);
      continue;
    }
    const equals = line.indexOf("=");
    if (equals < 1 || /^[\s#;]/.test(line)) continue;
    section?.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim());
  }
  return sections;
}

/**
 * What stands between the brackets of a line that opens a section.
 * @param {string} line
 */
function titleOf(line) {
  const text = line.trimStart();
  const end = text.indexOf("]");
  const title = text.startsWith("[") ? text.slice(1, end).trim() : "";
  return end < 0 || title === "" ? undefined : title.replace(/\s+/g, " ");
}
