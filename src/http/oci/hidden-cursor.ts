import { MasterKey } from "../../iam/master-key.ts";
import type { RegistryAddress } from "../../registry/scope.ts";

/** Begins what {@link HiddenCursors.seal} makes; no repository name does. */
const MARK = "~";

/**
 * Cursors of the catalog that stand for a name which the caller may not see: encrypted, of use in one registry alone,
 * the same on every node.
 */
export class HiddenCursors {
  readonly #key: MasterKey;

  constructor(masterKey: Pick<MasterKey, "derive">) {
    this.#key = new MasterKey(masterKey.derive("cursors of the catalog"));
  }

  seal(scope: RegistryAddress, name: string): string {
    return MARK + this.#key.seal(name, contextOf(scope)).ciphertext.toString("base64url");
  }

  /** The name that a cursor stands for; one that is a name stands for itself. Undefined when nobody made it. */
  open(scope: RegistryAddress, cursor: string): string | undefined {
    if (!cursor.startsWith(MARK)) return cursor;
    const ciphertext = Buffer.from(cursor.slice(MARK.length), "base64url");
    try {
      return this.#key.open({ masterKeyId: this.#key.id, ciphertext }, contextOf(scope));
    } catch {
      return undefined;
    }
  }
}

function contextOf({ account, region }: RegistryAddress): string {
  return `catalog of ${account} in ${region}`;
}
