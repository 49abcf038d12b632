import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { addressOf, isPublicAddress, type OutboundHosts } from "../../kernel/outbound-hosts.ts";
import type { SettingName } from "../../settings.ts";

/** Every address of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

/** Which hosts may be reached, and the setting that names those on private addresses. */
export interface Reach {
  readonly hosts: OutboundHosts;
  readonly setting: SettingName;
}

/** An address is no name: nobody looks it up, and it has to be checked beforehand. @throws Error for a private one */
export function requirePublicAddress(reach: Reach, { hostname }: URL): void {
  const address = addressOf(hostname);
  if (address !== undefined) requirePublic(reach, hostname, [{ address }]);
}

/**
 * What a connection resolves its name by: the name is resolved once, all of its addresses are checked, and the connection
 * goes to those that were checked, whatever the name says a moment later.
 */
export function checkedLookup(reach: Reach, resolve: Resolve = resolveAll): LookupFunction {
  return (hostname, { all }, callback) => {
    resolve(hostname)
      .then((addresses) => {
        requirePublic(reach, hostname, addresses);
        const [first] = addresses;
        if (first === undefined) throw new Error(`${hostname} has no address`);
        if (all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      })
      .catch((error: Error) => callback(error, ""));
  };
}

function requirePublic(
  { hosts, setting }: Reach,
  hostname: string,
  addresses: readonly Pick<LookupAddress, "address">[],
): void {
  if (hosts.mayBePrivate(hostname)) return;
  const wrong = addresses.find(({ address }) => !isPublicAddress(address));
  if (wrong === undefined) return;
  // Whoever named the host is told: what names mean inside of this network is not for them.
  throw new Error(`${hostname} has a private address; ${setting} names those that may`);
}

function resolveAll(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) =>
      error === null ? resolve(addresses) : reject(error),
    );
  });
}
