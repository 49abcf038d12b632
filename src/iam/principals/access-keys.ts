import { randomBytes } from "node:crypto";
import type { Credentials } from "../access-keys.ts";
import type { MasterKey } from "../master-key.ts";
import { noSuch, quotaExceeded } from "./errors.ts";
import { requireEntity } from "./find-entity.ts";
import { LIMITS } from "./limits.ts";
import type { IdentityChange, IdentityReader, KeyOwner } from "./ports/index.ts";
import { newAccessKeyId } from "./unique-ids.ts";

/** The user of that name, or the root for undefined. @throws IamError NoSuchEntityException */
export async function keyOwner(reader: IdentityReader, userName: string | undefined): Promise<KeyOwner> {
  return userName === undefined ? "root" : (await requireEntity(reader, "user", userName)).id;
}

/**
 * A new key. This is the only time that its secret is seen: what is kept is encrypted under the master key and bound to
 * the id of the key.
 */
export async function createAccessKey(
  change: IdentityChange,
  masterKey: MasterKey,
  userName: string | undefined,
  at: Date,
): Promise<Credentials> {
  const owner = await keyOwner(change, userName);
  if ((await change.listAccessKeys(owner)).length >= LIMITS.accessKeysPerUser) {
    throw quotaExceeded("AccessKeysPerUser", LIMITS.accessKeysPerUser);
  }
  const accessKeyId = newAccessKeyId("AKIA");
  const secretAccessKey = newSecret();
  const sealed = masterKey.seal(secretAccessKey, accessKeyId);
  await change.insertAccessKey({ id: accessKeyId, owner, sealed, createdAt: at });
  return { accessKeyId, secretAccessKey };
}

/** 40 characters without `:`, so that it is a password as well. */
export function newSecret(): string {
  return randomBytes(30).toString("base64");
}

/** Whatever rests on the key, tokens and sessions, ends with it. */
export async function setAccessKeyActive(
  change: IdentityChange,
  userName: string | undefined,
  id: string,
  active: boolean,
): Promise<void> {
  const owner = await keyOwner(change, userName);
  if (!(await change.setAccessKeyActive(owner, id, active))) throw noSuchKey(id);
}

export async function deleteAccessKey(
  change: IdentityChange,
  userName: string | undefined,
  id: string,
): Promise<void> {
  const owner = await keyOwner(change, userName);
  if (!(await change.deleteAccessKey(owner, id))) throw noSuchKey(id);
}

export function noSuchKey(id: string): Error {
  return noSuch(`The Access Key with id ${id} cannot be found.`);
}
