import type { MasterKey } from "../master-key.ts";
import { IamError } from "../principals/errors.ts";
import type { Identity } from "../principals/identity.ts";
import type { IdentityStore, KeyOwner, SealedMfaDevice } from "../principals/ports/index.ts";
import { type Judgement, judgeCode } from "./judge.ts";

/** Where codes are judged. */
export interface MfaAttempts {
  /**
   * One transaction that holds the device, so that of two attempts at once the second sees what the first left. A
   * `judge` that gives undefined leaves all as it was.
   * @returns whether the code was accepted; undefined without a device or a judgement
   */
  attempt(
    account: string,
    serialNumber: string,
    judge: (device: SealedMfaDevice) => Judgement | undefined,
  ): Promise<boolean | undefined>;
}

/** What a call of STS says of a second factor. */
export interface SecondFactor {
  readonly serialNumber: string | undefined;
  readonly code: string | undefined;
}

export interface MfaPorts {
  readonly identity: IdentityStore;
  readonly mfa: MfaAttempts;
  readonly masterKey: MasterKey;
}

/**
 * When the caller proved to have its MFA device: now, or undefined when it did not say so.
 * @throws IamError AccessDeniedException for a device that is not the caller's, and for a code that does not count
 */
export async function proveSecondFactor(
  { identity, mfa, masterKey }: MfaPorts,
  caller: Identity,
  { serialNumber, code }: SecondFactor,
  now: Date,
): Promise<Date | undefined> {
  if (serialNumber === undefined && code === undefined) return undefined;
  if (serialNumber === undefined || code === undefined) {
    throw denied("must provide both MFA serial number and one time pass code.");
  }
  const owner = await ownerOf(identity, caller);
  const accepted =
    owner &&
    (await mfa.attempt(caller.account, serialNumber, (device) =>
      device.owner === owner
        ? judgeCode(masterKey.open(device.seed, device.serialNumber), device.counters, code, now)
        : undefined,
    ));
  if (accepted === undefined) {
    throw denied(
      "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
    );
  }
  // With AWS's blank at the end: tools compare the text.
  if (!accepted)
    throw new IamError("AccessDeniedException", `${FAILED} with invalid MFA one time pass code. `);
  return now;
}

const FAILED = "MultiFactorAuthentication failed";

/** A session of a role is nobody who has a device. */
async function ownerOf(identity: IdentityStore, caller: Identity): Promise<KeyOwner | undefined> {
  if (caller.kind !== "user") return caller.kind === "root" ? "root" : undefined;
  return (await identity.reader(caller.account).findEntityByUniqueId(caller.uniqueId))?.id;
}

function denied(reason: string): IamError {
  return new IamError("AccessDeniedException", `${FAILED}, ${reason}`);
}
