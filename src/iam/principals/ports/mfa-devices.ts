import type { Page, PageRequest } from "../../../kernel/page.ts";
import type { SealedSecret } from "../../master-key.ts";
import type { MfaCounters } from "../../mfa/judge.ts";
import type { Tags, User } from "../entity.ts";
import type { KeyOwner } from "./access-keys.ts";

/** A virtual MFA device without its seed. */
export interface MfaDevice {
  /** Its ARN. */
  readonly serialNumber: string;
  readonly tags: Tags;
  /** Undefined until somebody has it. */
  readonly enabled: MfaDeviceUse | undefined;
}

/** Who has a device, and since when. */
export interface MfaDeviceUse {
  readonly owner: User | "root";
  readonly at: Date;
}

/** A device that somebody has. */
export interface EnabledMfaDevice extends MfaDevice {
  readonly enabled: MfaDeviceUse;
}

/** A device as judging its codes needs it. */
export interface SealedMfaDevice {
  readonly serialNumber: string;
  /** Sealed with the serial number as context. */
  readonly seed: SealedSecret;
  readonly owner: KeyOwner | undefined;
  readonly counters: MfaCounters;
}

/** Which devices a list has. */
export type MfaAssignment = "Assigned" | "Unassigned" | "Any";

/** Virtual MFA devices of one account. */
export interface MfaDeviceReader {
  findMfaDevice(serialNumber: string): Promise<MfaDevice | undefined>;
  /** In the order of serial numbers. */
  listMfaDevices(assignment: MfaAssignment, page: PageRequest): Promise<Page<MfaDevice>>;
  /** In the order of serial numbers. */
  listMfaDevicesOf(owner: KeyOwner): Promise<readonly EnabledMfaDevice[]>;
  countMfaDevices(): Promise<number>;
}

/** Changes to virtual MFA devices of one account, within one transaction. Who calls has looked that the device exists. */
export interface MfaDeviceWriter {
  insertMfaDevice(device: {
    readonly serialNumber: string;
    readonly name: string;
    readonly seed: SealedSecret;
    readonly tags: Tags;
    readonly createdAt: Date;
  }): Promise<void>;
  /** Nobody else judges its codes until the change ends. */
  holdMfaDevice(serialNumber: string): Promise<SealedMfaDevice | undefined>;
  setMfaCounters(serialNumber: string, counters: MfaCounters): Promise<void>;
  /** `owner` of undefined takes it from whoever has it. */
  assignMfaDevice(serialNumber: string, owner: KeyOwner | undefined, at: Date): Promise<void>;
  setMfaDeviceTags(serialNumber: string, tags: Tags): Promise<void>;
  deleteMfaDevice(serialNumber: string): Promise<void>;
}
