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

/** Who hears of tries. */
interface Listeners {
  readonly onEvent: (event: LoginEvent) => void;
  readonly onCount: (door: LoginDoor, outcome: LoginOutcome) => void;
}

/** Tries of every door: counted, limited and told to the audit log. */
export class LoginGuard implements Logins {
  readonly #limits = new LoginLimits();
  readonly #listeners: Listeners;

  /**
   * `onEvent` hears of everything but a credential that is proven to the registry again from the same address.
   * `onCount` hears of everything.
   */
  constructor(
    onEvent: (event: LoginEvent) => void,
    onCount: (door: LoginDoor, outcome: LoginOutcome) => void = () => undefined,
  ) {
    this.#listeners = { onEvent, onCount };
  }

  begin(origin: LoginOrigin): LoginAttempt {
    return new GuardedAttempt(origin, this.#limits, this.#listeners);
  }
}

/** One for each request, most of which come with what was proven a moment ago. */
class GuardedAttempt implements LoginAttempt {
  readonly #origin: LoginOrigin;
  readonly #limits: LoginLimits;
  readonly #listeners: Listeners;
  readonly #from: string;
  readonly #now: number;
  #accessKeyId = "";
  #fingerprint: string | undefined;
  #hasFailed = false;

  constructor(origin: LoginOrigin, limits: LoginLimits, listeners: Listeners) {
    this.#origin = origin;
    this.#limits = limits;
    this.#listeners = listeners;
    this.#from = addressBlock(origin.sourceIp);
    this.#now = origin.at.getTime();
  }

  admit({ accessKeyId, fingerprint, isVouched = false }: Claimed): void {
    this.#accessKeyId = KEY_ID.test(accessKeyId) ? accessKeyId : "";
    this.#fingerprint = fingerprint;
    this.#claim(false);
    const wait = isVouched ? 0 : this.#limits.wait(this.#try(), this.#now);
    if (wait <= 0) return;
    this.#listeners.onCount(this.#origin.door, "throttled");
    this.#tell("throttled", undefined);
    throw throttled(wait);
  }

  failed(failure: LoginFailure, account?: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#claim(account !== undefined);
    this.#listeners.onCount(this.#origin.door, failure);
    if (failure !== "expired") this.#limits.failed(this.#try(), this.#now);
    this.#tell(failure, account);
  }

  believed(principal: AccountPrincipal, fingerprint: string): void {
    this.#fingerprint = fingerprint;
    this.proven(principal);
  }

  proven(principal?: AccountPrincipal): void {
    const { door } = this.#origin;
    this.#listeners.onCount(door, "proven");
    if (principal !== undefined) this.#accessKeyId = principal.accessKeyId;
    this.#claim(true);
    const isNews = this.#limits.proven(this.#try(), this.#now);
    // The registry is proven the same with each request.
    if (principal === undefined || (door === "registry" && !isNews)) return;
    this.#tell("proven", principal.account, principalName(principal));
  }

  #try(): Try {
    return { from: this.#from, accessKeyId: this.#accessKeyId, fingerprint: this.#fingerprint };
  }

  #nameOf(isKnown: boolean): string {
    return isKnown || OWN_KEY_ID.test(this.#accessKeyId) ? this.#accessKeyId : "";
  }

  #claim(isKnown: boolean): void {
    const accessKeyId = this.#nameOf(isKnown);
    if (accessKeyId !== "") this.#origin.onClaim?.(accessKeyId);
  }

  #tell(outcome: LoginOutcome, account: string | undefined, principal = "anonymous"): void {
    const accessKeyId = this.#nameOf(account !== undefined);
    const from = this.#from;
    this.#listeners.onEvent({ origin: this.#origin, outcome, from, accessKeyId, account, principal });
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
