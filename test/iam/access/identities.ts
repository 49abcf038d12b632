import type { SessionIdentity, UserIdentity } from "../../../src/iam/principals/identity.ts";
import { ALICE as ALICE_CALLER, CI } from "../policy/builders.ts";

/** Callers of the policy tests, as keys prove them. */
export const ALICE: UserIdentity = {
  ...ALICE_CALLER,
  ...{ accessKeyId: "AKIAALICEALICEALICE1", uniqueId: "AIDAALICEALICEALICE1", name: "alice" },
};
export const CI_RUN: SessionIdentity = {
  ...CI,
  ...{ accessKeyId: "ASIACICICICICICICICI", uniqueId: "AROACICICICICICICICI" },
  ...{ roleName: "ci", sessionName: "run-7" },
};
