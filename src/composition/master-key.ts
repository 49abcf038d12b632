import type { Config } from "../config.ts";
import { MasterKey } from "../iam/master-key.ts";
import { checkMasterKey, type MasterKeyRecord } from "../iam/master-key-check.ts";
import type { Log } from "../log.ts";
import { embeddedMasterKey, makeMasterKey, masterKeyFile } from "./data-directory.ts";

/**
 * The master key that configuration or the data directory gives, if it is the one of the database. Writes nothing but,
 * where `makes` allows it, the key file of an embedded database that holds no secret yet.
 * @throws WrongMasterKeyError
 * @throws Error naming the key file when there is none, or none that is readable
 */
export async function openMasterKey(
  config: Config,
  record: MasterKeyRecord,
  log: Pick<Log, "warn">,
  makes: boolean,
): Promise<MasterKey> {
  const masterKey = configuredKey(config) ?? (await keyFromFile(config.dataDir, record, makes));
  for (const { masterKeyId, secrets } of await checkMasterKey(record, masterKey)) {
    log.warn(
      "access keys are encrypted under a master key that this node does not have: they prove nothing",
      {
        ...{ masterKeyId, secrets, remedy: "give it as BERTH_PREVIOUS_MASTER_KEY and run berth keys rotate" },
      },
    );
  }
  return masterKey;
}

function configuredKey({ masterKey, previousMasterKey }: Config): MasterKey | undefined {
  return masterKey && new MasterKey(masterKey, previousMasterKey && [previousMasterKey]);
}

async function keyFromFile(directory: string, record: MasterKeyRecord, makes: boolean): Promise<MasterKey> {
  const found = await embeddedMasterKey(directory);
  if (found !== undefined) return found;
  const wanted = (await record.find())?.masterKeyId ?? (await record.countByKey())[0]?.masterKeyId;
  if (makes && wanted === undefined) {
    await makeMasterKey(directory);
    const made = await embeddedMasterKey(directory);
    if (made !== undefined) return made;
  }
  const of = wanted === undefined ? "" : `, of master key ${wanted}`;
  throw new Error(
    `the file ${masterKeyFile(directory)} is missing, and the secrets in the database are encrypted under the key in ` +
      `it${of}: restore it from a backup`,
  );
}
