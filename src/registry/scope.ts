/** Database id of a registry. */
export type RegistryId = number & { readonly __brand: "RegistryId" };

/** A registry as a request names it: the account (12 digits) and the region. It need not exist. */
export interface RegistryAddress {
  readonly account: string;
  readonly region: string;
}

/** A registry that exists: what every look-up and change below the edge is about. */
export interface Scope extends RegistryAddress {
  readonly id: RegistryId;
}
