import { alreadyExists, noSuch } from "./errors.ts";
import type { IdentityChange } from "./ports/index.ts";

/** An account has one alias: a new one takes the place of the old. */
export async function createAlias(change: IdentityChange, alias: string, at: Date): Promise<void> {
  if (await change.setAlias(alias, at)) return;
  throw alreadyExists(`The account alias ${alias} already exists.`);
}

export async function deleteAlias(change: IdentityChange, alias: string): Promise<void> {
  if (!(await change.deleteAlias(alias)))
    throw noSuch(`The account alias with name ${alias} cannot be found.`);
}
