import { LRUCache } from "lru-cache";
import { Turns } from "../../kernel/turns.ts";
import type { AttachedPolicy } from "../policy/access.ts";
import { type PolicyDocument, readStoredDocument } from "../policy/document.ts";
import type { PolicyKind, RegistryPolicyScope } from "../policy/kinds.ts";

/** Documents kept compiled: far more than an installation has in use. */
const DOCUMENTS_MAX = 10_000;
/** Characters of all of their texts together: a compiled one takes some 20 bytes a character, at worst 150. */
const TEXTS_MAX = 4 * 1024 * 1024;

/** What a stored document is, and where it hangs. */
export interface StoredDocument {
  readonly kind: PolicyKind;
  /** Of a registry policy. */
  readonly scope?: RegistryPolicyScope;
  readonly account?: string;
  /** Of what is in a region. */
  readonly region?: string;
}

/** A stored document that cannot be read: what it hangs on, and what is wrong with it. */
export interface UnreadablePolicy extends StoredDocument {
  readonly policy: string;
  readonly reason: string;
}

/** A document to be compiled, as {@link StoredPolicies.attached} takes it. */
export interface WantedPolicy {
  readonly label: string;
  readonly stored: StoredDocument;
  readonly text: string | undefined;
}

const ALLOW_NOTHING = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"none:None","Resource":"*"}]}`;

/** Compiles documents that were accepted when they were stored, each text once. */
export class StoredPolicies {
  readonly #onUnreadable: (found: UnreadablePolicy) => void;
  readonly #turns = new Turns();
  readonly #compiled = new LRUCache<string, PolicyDocument>({
    ...{ max: DOCUMENTS_MAX, maxSize: TEXTS_MAX },
    sizeCalculation: (_, key) => key.length,
  });

  /** `onUnreadable` hears of each document that cannot be read, whenever it is compiled anew. */
  constructor(onUnreadable: (found: UnreadablePolicy) => void = () => undefined) {
    this.#onUnreadable = onUnreadable;
  }

  /**
   * `text` of undefined is a policy that is named but gone. It allows nothing, but must not count as absent: a session
   * that was narrowed by it would be wide open. A text that cannot be read is an unreadable document.
   */
  attached(label: string, stored: PolicyKind | StoredDocument, text: string | undefined): AttachedPolicy {
    const known = typeof stored === "string" ? { kind: stored } : stored;
    return { label, document: this.#compile(label, known, text ?? ALLOW_NOTHING) };
  }

  /** The same of many, which may be long together: others get their turn in between. */
  async attachedInTurns(wanted: readonly WantedPolicy[]): Promise<readonly AttachedPolicy[]> {
    const attached: AttachedPolicy[] = [];
    for (const { label, stored, text } of wanted) {
      attached.push(await this.#turns.run(() => this.attached(label, stored, text)));
    }
    return attached;
  }

  #compile(label: string, stored: StoredDocument, text: string): PolicyDocument {
    const { kind, scope } = stored;
    const key = `${kind} ${scope ?? ""}\n${text}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const document = readStoredDocument(text, { kind, scope });
    const { unreadable } = document;
    if (unreadable === undefined) this.#compiled.set(key, document);
    else this.#onUnreadable({ policy: label, ...stored, reason: unreadable });
    return document;
  }
}
