import type { MasterKey } from "../master-key.ts";
import { keyOwner } from "../principals/access-keys.ts";
import { mfaDeviceArn } from "../principals/arns.ts";
import { alreadyExists, deleteConflict, IamError, noSuch, quotaExceeded } from "../principals/errors.ts";
import { LIMITS } from "../principals/limits.ts";
import { requirePath } from "../principals/names.ts";
import type {
  EnabledMfaDevice,
  IdentityChange,
  IdentityReader,
  KeyOwner,
  MfaDevice,
  SealedMfaDevice,
} from "../principals/ports/index.ts";
import { mergeTags, type Tag, tagsOf, withoutTags } from "../principals/tags.ts";
import { judgePair } from "./judge.ts";
import { newSeed } from "./totp.ts";

/** Characters of a serial number. */
const SERIAL_MAX = 256;
const TAGS_QUOTA = "TagsPerVirtualMFADevice";

export interface MfaDeviceInput {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly tags: readonly Tag[] | undefined;
}

/** A new device, which belongs to nobody yet. This is the only time that its seed is seen. */
export async function createMfaDevice(
  change: IdentityChange,
  masterKey: MasterKey,
  { account, name, path, tags }: MfaDeviceInput,
  at: Date,
): Promise<MfaDevice & { readonly seed: string }> {
  requirePath(path);
  const serialNumber = mfaDeviceArn(account, path, name);
  if (serialNumber.length > SERIAL_MAX) {
    throw new IamError(
      "ValidationError",
      `The serial number ${serialNumber} exceeds ${SERIAL_MAX} characters`,
    );
  }
  if ((await change.findMfaDevice(serialNumber)) !== undefined) {
    throw alreadyExists("MFADevice entity at the same path and name already exists.");
  }
  if ((await change.countMfaDevices()) >= LIMITS.mfaDevices) {
    throw quotaExceeded("VirtualMFADevicesPerAccount", LIMITS.mfaDevices);
  }
  const seed = newSeed();
  const device = { serialNumber, tags: tagsOf(tags, TAGS_QUOTA) };
  await change.insertMfaDevice({
    ...{ ...device, name, createdAt: at },
    seed: masterKey.seal(seed, serialNumber),
  });
  return { ...device, enabled: undefined, seed };
}

/** Two codes in a row, as the device shows them. */
export interface CodePair {
  readonly serialNumber: string;
  readonly codes: readonly [string, string];
}

/** Gives a device to a user, or the root for undefined. @throws IamError InvalidAuthenticationCodeException */
export async function enableMfaDevice(
  change: IdentityChange,
  masterKey: MasterKey,
  userName: string | undefined,
  pair: CodePair,
  at: Date,
): Promise<void> {
  const owner = await keyOwner(change, userName);
  const device = await holdDevice(change, pair.serialNumber);
  if (device.owner !== undefined) throw alreadyExists("MFA Device is already in use.");
  if ((await change.listMfaDevicesOf(owner)).length >= LIMITS.mfaDevicesPerUser) {
    throw quotaExceeded("MFADevicesPerUser", LIMITS.mfaDevicesPerUser);
  }
  await takePair(change, masterKey, device, pair, at);
  await change.assignMfaDevice(device.serialNumber, owner, at);
}

/** Learns anew how the clock of a device goes. @throws IamError InvalidAuthenticationCodeException */
export async function resyncMfaDevice(
  change: IdentityChange,
  masterKey: MasterKey,
  userName: string | undefined,
  pair: CodePair,
  at: Date,
): Promise<void> {
  const owner = await keyOwner(change, userName);
  await takePair(change, masterKey, await holdDeviceOf(change, owner, pair.serialNumber), pair, at);
}

/** Takes a device from its user. Sessions that its codes have proved stay what they are. */
export async function deactivateMfaDevice(
  change: IdentityChange,
  userName: string | undefined,
  serialNumber: string,
  at: Date,
): Promise<void> {
  const owner = await keyOwner(change, userName);
  await holdDeviceOf(change, owner, serialNumber);
  await change.assignMfaDevice(serialNumber, undefined, at);
}

export async function deleteMfaDevice(change: IdentityChange, serialNumber: string): Promise<void> {
  const { enabled } = await requireMfaDevice(change, serialNumber);
  if (enabled !== undefined) throw deleteConflict("MFA VirtualDevice in use. Must deactivate first.");
  await change.deleteMfaDevice(serialNumber);
}

export async function tagMfaDevice(
  change: IdentityChange,
  serialNumber: string,
  tags: readonly Tag[],
): Promise<void> {
  const device = await requireMfaDevice(change, serialNumber);
  await change.setMfaDeviceTags(serialNumber, mergeTags(device.tags, tags, TAGS_QUOTA));
}

export async function untagMfaDevice(
  change: IdentityChange,
  serialNumber: string,
  keys: readonly string[],
): Promise<void> {
  const device = await requireMfaDevice(change, serialNumber);
  await change.setMfaDeviceTags(serialNumber, withoutTags(device.tags, keys));
}

/** @throws IamError NoSuchEntityException */
export async function requireMfaDevice(reader: IdentityReader, serialNumber: string): Promise<MfaDevice> {
  const device = await reader.findMfaDevice(serialNumber);
  if (device === undefined) throw noSuchDevice(serialNumber);
  return device;
}

/** The device of that user, or of the root for undefined. @throws IamError NoSuchEntityException */
export async function requireMfaDeviceOf(
  reader: IdentityReader,
  userName: string | undefined,
  serialNumber: string,
): Promise<EnabledMfaDevice> {
  const devices = await reader.listMfaDevicesOf(await keyOwner(reader, userName));
  const device = devices.find((each) => each.serialNumber === serialNumber);
  if (device === undefined) throw notOfUser();
  return device;
}

async function takePair(
  change: IdentityChange,
  masterKey: MasterKey,
  { seed, serialNumber, counters }: SealedMfaDevice,
  { codes }: CodePair,
  at: Date,
): Promise<void> {
  const after = judgePair(masterKey.open(seed, serialNumber), counters, codes, at);
  if (after === undefined) {
    throw new IamError("InvalidAuthenticationCodeException", "Authentication code for device is not valid.");
  }
  await change.setMfaCounters(serialNumber, after);
}

async function holdDevice(change: IdentityChange, serialNumber: string): Promise<SealedMfaDevice> {
  const device = await change.holdMfaDevice(serialNumber);
  if (device === undefined) throw noSuchDevice(serialNumber);
  return device;
}

async function holdDeviceOf(
  change: IdentityChange,
  owner: KeyOwner,
  serialNumber: string,
): Promise<SealedMfaDevice> {
  const device = await change.holdMfaDevice(serialNumber);
  // One of somebody else is not told from one that does not exist.
  if (device?.owner !== owner) throw notOfUser();
  return device;
}

function noSuchDevice(serialNumber: string): IamError {
  return noSuch(`VirtualMFADevice with serial number ${serialNumber} doesn't exist.`);
}

function notOfUser(): IamError {
  return noSuch("MFA Device invalid for user.");
}
