import type { EntityId, User } from "../../../iam/principals/entity.ts";
import type {
  EnabledMfaDevice,
  KeyOwner,
  MfaDevice,
  MfaDeviceReader,
  MfaDeviceWriter,
  SealedMfaDevice,
} from "../../../iam/principals/ports/index.ts";
import { ENTITY_COLUMNS, type EntityRow, toEntity } from "./entity-rows.ts";
import { pageOf, type Run } from "./run.ts";

interface DeviceRow extends EntityRow {
  readonly serial_number: string;
  readonly device_tags: MfaDevice["tags"];
  readonly user_id: EntityId | null;
  readonly of_root: boolean;
  readonly enabled_at: Date | null;
}

interface SealedRow {
  readonly serial_number: string;
  readonly seed_ciphertext: Buffer;
  readonly master_key_id: string;
  readonly user_id: EntityId | null;
  readonly of_root: boolean;
  readonly last_step: number;
  readonly drift_steps: number;
  readonly failures: number;
  readonly retry_at: Date | null;
}

const SELECT = `SELECT d.serial_number, d.tags AS device_tags, d.user_id, d.of_root, d.enabled_at, ${ENTITY_COLUMNS}
  FROM iam_mfa_devices d LEFT JOIN iam_entities e ON e.id = d.user_id`;
const FIND = {
  name: "iam_mfa_find",
  text: `${SELECT} WHERE d.account_id = $1 AND d.serial_number = $2`,
};
const LIST = {
  name: "iam_mfa_list",
  text: `${SELECT} WHERE d.account_id = $1 AND d.serial_number > $2
      AND ($3 = 'Any' OR (d.enabled_at IS NOT NULL) = ($3 = 'Assigned'))
    ORDER BY d.serial_number LIMIT $4`,
};
const LIST_OF = {
  name: "iam_mfa_list_of",
  text: `${SELECT} WHERE d.account_id = $1 AND (d.user_id = $2::bigint OR $2 IS NULL AND d.of_root)
    ORDER BY d.serial_number`,
};
const COUNT = {
  name: "iam_mfa_count",
  text: "SELECT count(*) AS devices FROM iam_mfa_devices WHERE account_id = $1",
};
const INSERT = {
  name: "iam_mfa_insert",
  text: `INSERT INTO iam_mfa_devices (serial_number, account_id, name, seed_ciphertext, master_key_id, tags, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)`,
};
const HOLD = {
  name: "iam_mfa_hold",
  text: `SELECT serial_number, seed_ciphertext, master_key_id, user_id, of_root, last_step, drift_steps, failures, retry_at
    FROM iam_mfa_devices WHERE account_id = $1 AND serial_number = $2 FOR NO KEY UPDATE`,
};
const SET_COUNTERS = {
  name: "iam_mfa_set_counters",
  text: `UPDATE iam_mfa_devices SET last_step = $3, drift_steps = $4, failures = $5, retry_at = $6
    WHERE account_id = $1 AND serial_number = $2`,
};
const ASSIGN = {
  name: "iam_mfa_assign",
  text: `UPDATE iam_mfa_devices SET user_id = $3, of_root = $4, enabled_at = $5
    WHERE account_id = $1 AND serial_number = $2`,
};
const SET_TAGS = {
  name: "iam_mfa_set_tags",
  text: "UPDATE iam_mfa_devices SET tags = $3 WHERE account_id = $1 AND serial_number = $2",
};
const DELETE = {
  name: "iam_mfa_delete",
  text: "DELETE FROM iam_mfa_devices WHERE account_id = $1 AND serial_number = $2",
};

export function mfaDeviceReader(run: Run, account: string): MfaDeviceReader {
  return {
    async findMfaDevice(serialNumber) {
      const [row] = await run<DeviceRow>(FIND, [account, serialNumber]);
      return row && toDevice(row);
    },
    async listMfaDevices(assignment, { after, limit }) {
      const rows = await run<DeviceRow>(LIST, [account, after, assignment, limit + 1]);
      return pageOf(rows, limit, toDevice, (row) => row.serial_number);
    },
    async listMfaDevicesOf(owner) {
      return (await run<DeviceRow>(LIST_OF, [account, owner === "root" ? null : owner])).map(toEnabled);
    },
    async countMfaDevices() {
      const [row] = await run<{ devices: number }>(COUNT, [account]);
      return row?.devices ?? 0;
    },
  };
}

export function mfaDeviceWriter(run: Run, account: string): MfaDeviceWriter {
  return {
    async insertMfaDevice({ serialNumber, name, seed, tags, createdAt }) {
      const { ciphertext, masterKeyId } = seed;
      await run(INSERT, [serialNumber, account, name, ciphertext, masterKeyId, tags, createdAt]);
    },
    async holdMfaDevice(serialNumber) {
      const [row] = await run<SealedRow>(HOLD, [account, serialNumber]);
      return row && toSealed(row);
    },
    async setMfaCounters(serialNumber, { lastStep, drift, failures, retryAt }) {
      await run(SET_COUNTERS, [account, serialNumber, lastStep, drift, failures, retryAt]);
    },
    async assignMfaDevice(serialNumber, owner, at) {
      const user = owner === "root" ? undefined : owner;
      const enabledAt = owner === undefined ? undefined : at;
      await run(ASSIGN, [account, serialNumber, user, owner === "root", enabledAt]);
    },
    async setMfaDeviceTags(serialNumber, tags) {
      await run(SET_TAGS, [account, serialNumber, tags]);
    },
    async deleteMfaDevice(serialNumber) {
      await run(DELETE, [account, serialNumber]);
    },
  };
}

function toDevice(row: DeviceRow): MfaDevice {
  const { serial_number: serialNumber, device_tags: tags } = row;
  return row.enabled_at !== null ? toEnabled(row) : { serialNumber, tags, enabled: undefined };
}

function toEnabled(row: DeviceRow): EnabledMfaDevice {
  const { serial_number: serialNumber, device_tags: tags, enabled_at: at, of_root: ofRoot } = row;
  if (at === null) throw new Error(`the MFA device ${serialNumber} is not enabled`);
  return { serialNumber, tags, enabled: { owner: ofRoot ? "root" : (toEntity(row) as User), at } };
}

function toSealed(row: SealedRow): SealedMfaDevice {
  const owner: KeyOwner | null = row.of_root ? "root" : row.user_id;
  return {
    serialNumber: row.serial_number,
    seed: { ciphertext: row.seed_ciphertext, masterKeyId: row.master_key_id },
    owner: owner ?? undefined,
    counters: {
      ...{ lastStep: row.last_step, drift: row.drift_steps, failures: row.failures },
      retryAt: row.retry_at ?? undefined,
    },
  };
}
