import type { MasterKey } from "./master-key.ts";

/** Every secret that is encrypted under a master key. */
export interface SealedSecrets {
  /** Makes the key of `masterKey` the database's: a node that does not know it does not start from now on. */
  adopt(masterKey: MasterKey): Promise<void>;
  /** How many secrets are under each master key. */
  countByKey(): Promise<readonly { readonly masterKeyId: string; readonly secrets: number }[]>;
  /**
   * Seals up to `limit` secrets that are under another key anew, all or none of them.
   * @returns how many those were; 0 when every secret is under the key of `masterKey`
   */
  reseal(masterKey: MasterKey, limit: number): Promise<number>;
}

/** The files of the embedded database's master keys. A server that runs reads them anew when it needs to. */
export interface KeyFiles {
  /** From now on `key` seals. The one that did stays beside it, and opens, until {@link KeyFiles.forgetPrevious}. */
  replace(key: Buffer): Promise<void>;
  /** Once nothing is sealed under any other key. */
  forgetPrevious(): Promise<void>;
}

export interface Rotation {
  readonly masterKey: MasterKey;
  readonly newKey: Buffer;
  readonly secrets: SealedSecrets;
  /** Undefined where the environment gives the keys. */
  readonly keyFiles: KeyFiles | undefined;
  /** Secrets of one transaction. */
  readonly batch: number;
  /** Waits for what a running server has sealed under the old key and not yet written. */
  readonly settle: () => Promise<void>;
}

/**
 * Encrypts every secret under a new master key, in batches, while nodes that know both keys serve. Interrupted anywhere,
 * it goes on when it is called again.
 * @returns how many secrets were encrypted anew, and the id of their key
 * @throws Error, before anything is changed, when a secret is under a key that nobody gave
 */
export async function rotateMasterKey(rotation: Rotation): Promise<{ id: string; secrets: number }> {
  const { newKey, secrets, keyFiles, settle } = rotation;
  const masterKey = rotation.masterKey.sealingWith(newKey);
  for (const { masterKeyId, secrets: count } of await secrets.countByKey()) {
    if (masterKey.knows(masterKeyId)) continue;
    throw new Error(
      `${count} secret(s) are encrypted under master key ${masterKeyId}, which is none of those given; ` +
        "give it as BERTH_PREVIOUS_MASTER_KEY",
    );
  }
  await keyFiles?.replace(newKey);
  await secrets.adopt(masterKey);
  let done = await resealAll(masterKey, rotation);
  if (keyFiles !== undefined) {
    await settle();
    done += await resealAll(masterKey, rotation);
    await keyFiles.forgetPrevious();
  }
  return { id: masterKey.id, secrets: done };
}

async function resealAll(masterKey: MasterKey, { secrets, batch }: Rotation): Promise<number> {
  for (let all = 0; ; ) {
    const done = await secrets.reseal(masterKey, batch);
    if (done === 0) return all;
    all += done;
  }
}
