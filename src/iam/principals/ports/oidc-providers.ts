import type { Tags } from "../entity.ts";

/** An identity provider whose tokens roles of the account may trust. */
export interface OidcProvider {
  /** The issuer without `https://`. */
  readonly url: string;
  /** Audiences that its tokens may be for. */
  readonly clientIds: readonly string[];
  /** SHA-1 of certificates that its TLS may rest on where it rests on no authority that is trusted. */
  readonly thumbprints: readonly string[];
  readonly tags: Tags;
  readonly createdAt: Date;
}

/** Identity providers of one account. */
export interface OidcProviderReader {
  findOidcProvider(url: string): Promise<OidcProvider | undefined>;
  /** In the order of URLs. */
  listOidcProviders(): Promise<readonly OidcProvider[]>;
}

/** Changes to identity providers of one account, within one transaction. */
export interface OidcProviderWriter {
  insertOidcProvider(provider: OidcProvider): Promise<void>;
  changeOidcProvider(
    url: string,
    change: {
      readonly clientIds?: readonly string[];
      readonly thumbprints?: readonly string[];
      readonly tags?: Tags;
    },
  ): Promise<void>;
  /** False when there is none. */
  deleteOidcProvider(url: string): Promise<boolean>;
}
