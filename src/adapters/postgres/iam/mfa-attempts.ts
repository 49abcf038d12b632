import type { MfaAttempts } from "../../../iam/mfa/prove.ts";
import type { Database } from "../database.ts";
import { mfaDeviceWriter } from "./mfa-devices.ts";

/** Codes of MFA devices, judged under the lock of their row. */
export function postgresMfaAttempts(database: Database): MfaAttempts {
  return {
    // Who may meet: two attempts on one device, of which the second reads what the first left, and a change of the
    // account, which takes its own row before that of the device. Here nothing else is locked.
    attempt: (account, serialNumber, judge) =>
      database.transaction(async (tx) => {
        const devices = mfaDeviceWriter(tx.query, account);
        const device = await devices.holdMfaDevice(serialNumber);
        const judgement = device && judge(device);
        if (judgement === undefined) return undefined;
        await devices.setMfaCounters(serialNumber, judgement.counters);
        return judgement.accepted;
      }),
  };
}
