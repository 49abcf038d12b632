import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { HelperError } from "./errors.js";

/** @typedef {Record<string, string | undefined>} Env */

/** @param {Env} env */
export function homeOf(env) {
  return env.HOME || homedir();
}

/** Where sessions, cached tokens and, unless `BERTH_CONFIG` names another file, the configuration are. @param {Env} env */
export function stateFolder(env) {
  return join(homeOf(env), ".berth");
}

/**
 * The text of a file; undefined when there is none.
 * @param {string} file
 */
export async function readText(file) {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new HelperError(`cannot read ${file}: ${code}`);
  }
}

/**
 * The JSON object in a file; undefined when there is no file. Parser messages quote the text around a mistake, and this
 * text may hold secrets: they are not passed on.
 * @param {string} file
 * @returns {Promise<Record<string, unknown> | undefined>}
 */
export async function readJsonObject(file) {
  const text = await readText(file);
  if (text === undefined) return undefined;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new HelperError(`${file} is not JSON`);
  }
  if (!isObject(value)) throw new HelperError(`${file} holds no JSON object`);
  return value;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A file appears whole or not at all, whoever else writes it at the same time. Nobody but its owner can read it unless
 * `mode` says so.
 * @param {string} file
 * @param {string} text
 * @param {number} [mode]
 */
export async function writeWhole(file, text, mode = 0o600) {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await makeFolder(dirname(file));
    const handle = await open(temporary, "wx", mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new HelperError(`cannot write ${file}: ${/** @type {NodeJS.ErrnoException} */ (error).code}`);
  }
}

/**
 * A folder for its owner alone. The one above must be there: a home that does not exist is not made. (Also, Node's
 * `recursive` never ends below /proc.)
 * @param {string} folder
 */
export async function makeFolder(folder) {
  await mkdir(folder, { mode: 0o700 }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
}
