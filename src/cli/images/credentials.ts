import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseStrictJson, StrictJsonError } from "../../registry/strict-json.ts";
import { ImageError } from "./errors.ts";
import { isLoopback } from "./reference.ts";
import { isObject, stringOf } from "./untrusted-json.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * The credentials for a host, from the first place that has some: `BERTH_ACCESS_KEY_ID` and
 * `BERTH_SECRET_ACCESS_KEY`; on this machine the administrator's key below the data directory; `auths` of docker's
 * config.json. Undefined: go without.
 * @throws ImageError when a file is there but makes no sense, or half of a pair is missing
 */
export async function findCredentials(
  host: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  return (
    fromEnvironment(env) ??
    (isLoopback(host) ? await fromDataDirectory(env) : undefined) ??
    (await fromDocker(host, env))
  );
}

function fromEnvironment(env: NodeJS.ProcessEnv): Credentials | undefined {
  const username = env["BERTH_ACCESS_KEY_ID"] ?? "";
  const password = env["BERTH_SECRET_ACCESS_KEY"] ?? "";
  if (username === "" && password === "") return undefined;
  if (username === "" || password === "") {
    const missing = username === "" ? "BERTH_ACCESS_KEY_ID" : "BERTH_SECRET_ACCESS_KEY";
    throw new ImageError(`${missing} is missing: the access key id and its secret go together`);
  }
  return { username, password };
}

async function fromDataDirectory(env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const file = join(env["BERTH_DATA_DIR"] || "./data", "administrator.json");
  const json = await readJson(file);
  if (json === undefined) return undefined;
  const username = stringOf(json, "accessKeyId");
  const password = stringOf(json, "secretAccessKey");
  if (!username || !password) throw new ImageError(`${file} holds no accessKeyId and secretAccessKey`);
  return { username, password };
}

async function fromDocker(host: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const folder = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  const auths = (await readJson(join(folder, "config.json")))?.["auths"];
  if (!isObject(auths)) return undefined;
  // docker logins of long ago are stored under URLs.
  const keys = [host, `https://${host}`, `https://${host}/`, `https://${host}/v1/`, `https://${host}/v2/`];
  for (const entry of keys.map((key) => auths[key])) {
    if (!isObject(entry)) continue;
    const pair = Buffer.from(stringOf(entry, "auth") ?? "", "base64").toString();
    const colon = pair.indexOf(":");
    const username = colon > 0 ? pair.slice(0, colon) : stringOf(entry, "username");
    const password = colon > 0 ? pair.slice(colon + 1) : stringOf(entry, "password");
    if (username && password) return { username, password };
  }
  return undefined;
}

async function readJson(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const value = parseStrictJson(await readFile(file));
    if (isObject(value)) return value;
    throw new ImageError(`${file} holds no JSON object`);
  } catch (error) {
    // Parser messages quote the text around a mistake, and this text holds secrets.
    if (error instanceof StrictJsonError) throw new ImageError(`${file} is not JSON`);
    if (error instanceof ImageError) throw error;
    return undefined;
  }
}
