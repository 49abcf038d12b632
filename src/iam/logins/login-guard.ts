import { RegistryError } from "../../registry/errors.ts";
import { type AccountPrincipal, principalName } from "../principal.ts";
import { addressBlock } from "./address-block.ts";
import type { Claimed, LoginAttempt, LoginDoor, LoginFailure, LoginOrigin, Logins } from "./login-attempt.ts";
import { LoginLimits, type Try } from "./login-limits.ts";

/** How a try ended. */
export type LoginOutcome = LoginFailure | "proven" | "throttled";

/** One try that ended, for the audit log. */
export interface LoginEvent {
  readonly origin: LoginOrigin;
  readonly outcome: LoginOutcome;
  readonly from: string;
  readonly accessKeyId: string;
  /** Of the key, where that is known. */
  readonly account: string | undefined;
  /** ARN; `anonymous` where nobody was proven. */
  readonly principal: string;
}

/** Of what claims another id, the claim is not kept: it may be a secret in the wrong place. */
const KEY_ID = /^\w{16,128}$/;
/** What Berth calls its keys. Anything else may be a secret all the same: it is named where a key is known to be called so. */
const OWN_KEY_ID = /^A[KS]IA[A-Z0-9]{16,124}$/;

/** Tries of every door: counted, limited and told to the audit log. */
export class LoginGuard implements Logins {
  readonly #limits = new LoginLimits();
  readonly #onEvent: (event: LoginEvent) => void;
  readonly #onCount: (door: LoginDoor, outcome: LoginOutcome) => void;

  /**
   * `onEvent` hears of everything but a credential that is proven to the registry again from the same address.
   * `onCount` hears of everything.
   */
  constructor(
    onEvent: (event: LoginEvent) => void,
    onCount: (door: LoginDoor, outcome: LoginOutcome) => void = () => undefined,
  ) {
    this.#onEvent = onEvent;
    this.#onCount = onCount;
  }

  begin(origin: LoginOrigin): LoginAttempt {
    const from = addressBlock(origin.sourceIp);
    const now = origin.at.getTime();
    let hasFailed = false;
    let attempt: Try = { from, accessKeyId: "", fingerprint: undefined };
    const nameOf = (isKnown: boolean): string =>
      isKnown || OWN_KEY_ID.test(attempt.accessKeyId) ? attempt.accessKeyId : "";
    const claim = (isKnown: boolean): void => {
      const accessKeyId = nameOf(isKnown);
      if (accessKeyId !== "") origin.onClaim?.(accessKeyId);
    };
    const tell = (outcome: LoginOutcome, account: string | undefined, principal = "anonymous"): void => {
      const accessKeyId = nameOf(account !== undefined);
      this.#onEvent({ origin, outcome, from, accessKeyId, account, principal });
    };
    return {
      admit: ({ accessKeyId, fingerprint, isVouched = false }: Claimed) => {
        attempt = { from, accessKeyId: KEY_ID.test(accessKeyId) ? accessKeyId : "", fingerprint };
        claim(false);
        const wait = isVouched ? 0 : this.#limits.wait(attempt, now);
        if (wait <= 0) return;
        this.#onCount(origin.door, "throttled");
        tell("throttled", undefined);
        throw throttled(wait);
      },
      failed: (failure, account) => {
        if (hasFailed) return;
        hasFailed = true;
        claim(account !== undefined);
        this.#onCount(origin.door, failure);
        if (failure !== "expired") this.#limits.failed(attempt, now);
        tell(failure, account);
      },
      proven: (principal?: AccountPrincipal) => {
        this.#onCount(origin.door, "proven");
        if (principal !== undefined) attempt = { ...attempt, accessKeyId: principal.accessKeyId };
        claim(true);
        const isNews = this.#limits.proven(attempt, now);
        // The registry is proven the same with each request.
        if (principal === undefined || (origin.door === "registry" && !isNews)) return;
        tell("proven", principal.account, principalName(principal));
      },
    };
  }
}

function throttled(wait: number): RegistryError {
  const seconds = Math.max(1, Math.ceil(wait / 1_000));
  return new RegistryError(
    "TOOMANYREQUESTS",
    `too many failed logins from this address; try again in ${seconds} s`,
    { facts: { retryAfter: seconds } },
  );
}
