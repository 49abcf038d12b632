import type { MasterKey, SealedSecret } from "./master-key.ts";

/** What a database says of the master key that its secrets are encrypted under. */
export interface MasterKeyRecord {
  /** The sealed check value; undefined in a database of an older Berth, and before the first start. */
  find(): Promise<SealedSecret | undefined>;
  /** Writes the check value unless there is one; two nodes may do so at once, and the first counts. */
  claim(sealed: SealedSecret): Promise<void>;
  /** Replaces the check value, as a rotation does. */
  replace(sealed: SealedSecret): Promise<void>;
  /**
   * How many lasting secrets (access keys, and signing keys that sign) are under each master key, the most first. Works
   * on a database of an older Berth, and on one without tables.
   */
  countByKey(): Promise<readonly KeyCount[]>;
}

export interface KeyCount {
  readonly masterKeyId: string;
  readonly secrets: number;
}

/** The master key is not the one of the database. The message names both by their ids, and holds no key. */
export class WrongMasterKeyError extends Error {
  override readonly name = "WrongMasterKeyError";

  constructor(wanted: string, given: string) {
    super(
      `the master key is not the one of this database: its secrets are encrypted under master key ${wanted}, and this ` +
        `is ${given}; nothing was changed. Give the key of the other nodes as BERTH_MASTER_KEY (embedded, the file ` +
        `master-key in the data directory), or as BERTH_PREVIOUS_MASTER_KEY to replace it by \`berth keys rotate\``,
    );
  }
}

const TEXT = "berth";
const CONTEXT = "master key check";

/** The check value under this master key. */
export function sealCheck(masterKey: MasterKey): SealedSecret {
  return masterKey.seal(TEXT, CONTEXT);
}

/**
 * Reads alone. Without a check value the key under which most secrets are is the database's, so that a few that were
 * written under a wrong key do not shut out the right one.
 * @returns the lasting secrets that `masterKey` cannot open
 * @throws WrongMasterKeyError
 */
export async function checkMasterKey(
  record: MasterKeyRecord,
  masterKey: MasterKey,
): Promise<readonly KeyCount[]> {
  const [check, counts] = await Promise.all([record.find(), record.countByKey()]);
  const wanted = check?.masterKeyId ?? counts[0]?.masterKeyId;
  if (wanted !== undefined && !masterKey.knows(wanted)) throw new WrongMasterKeyError(wanted, masterKey.id);
  if (check !== undefined && !opens(masterKey, check)) {
    throw new WrongMasterKeyError(check.masterKeyId, masterKey.id);
  }
  return counts.filter(({ masterKeyId }) => !masterKey.knows(masterKeyId));
}

/** Makes `masterKey` the one of the database, unless another is. @throws WrongMasterKeyError */
export async function claimMasterKey(record: MasterKeyRecord, masterKey: MasterKey): Promise<void> {
  if ((await record.find()) === undefined) await record.claim(sealCheck(masterKey));
  await checkMasterKey(record, masterKey);
}

function opens(masterKey: MasterKey, check: SealedSecret): boolean {
  try {
    return masterKey.open(check, CONTEXT) === TEXT;
  } catch {
    return false;
  }
}
