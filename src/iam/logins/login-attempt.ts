import type { AccountPrincipal } from "../principal.ts";

/** Where something is proven: with each request to the registry, for a token, by a signature, by a token of an issuer. */
export type LoginDoor = "registry" | "token" | "access" | "api" | "web-identity";

/** A request that comes with something to prove. */
export interface LoginOrigin {
  readonly door: LoginDoor;
  /** The client's, behind proxies that are trusted. */
  readonly sourceIp: string;
  readonly secureTransport: boolean;
  readonly userAgent: string;
  readonly requestId: string;
  readonly at: Date;
  /** Hears which access key the request names, proven or not. */
  readonly onClaim?: (accessKeyId: string) => void;
}

/** What a request claims, before anything is proven. */
export interface Claimed {
  /** Empty where it names no access key, or nothing that can be one. */
  readonly accessKeyId: string;
  /** A hash of the credential; undefined where each request has another one. */
  readonly fingerprint: string | undefined;
  /** Whether it is known to be good, or to have been: it was proven a moment ago, or somebody here has signed it. */
  readonly isVouched?: boolean;
}

/** Why something proves nobody. */
export type LoginFailure =
  /** A secret, session token or signature that is not that of its key; a token that nobody here signed. */
  | "wrong"
  /** No such key, or none that is active. */
  | "unknown"
  /** What was good once. */
  | "expired";

/** The try of one request to prove who makes it. Whoever verifies says first what is claimed, and then how it ended. */
export interface LoginAttempt {
  /** Comes before anything is looked up. @throws RegistryError TOOMANYREQUESTS with `Retry-After` */
  admit(claimed: Claimed): void;
  /** `account` owns the key, where that is known. One request fails once, however often it is looked at. */
  failed(failure: LoginFailure, account?: string): void;
  /** What was verified before and is as good as then: nothing to admit. `fingerprint` is a hash of the credential. */
  believed(principal: AccountPrincipal, fingerprint: string): void;
  /** Without a principal where what is proven becomes one only then. */
  proven(principal?: AccountPrincipal): void;
}

/** Hears of every try to prove something, and slows down whoever is wrong too often. */
export interface Logins {
  begin(origin: LoginOrigin): LoginAttempt;
}
