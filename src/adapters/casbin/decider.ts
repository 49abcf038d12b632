import { LRUCache } from "lru-cache";
import type { PolicyDocument } from "../../iam/policy/document.ts";
import type { PolicyDecider, PolicyDecision, PolicyRequest } from "../../iam/policy/port.ts";
import { DocumentEnforcer } from "./document-enforcer.ts";
import { readModel } from "./model.ts";

/** Documents whose enforcers are kept, some 8 KB each; the least recently used goes first. */
const DOCUMENTS_MAX = 10_000;

/** Decides by Casbin: one enforcer per document, found by the hash of what the document says. */
export class CasbinDecider implements PolicyDecider {
  readonly #modelText: string;
  readonly #enforcers: LRUCache<string, DocumentEnforcer>;

  /** `modelText` is the shipped model unless a test brings its own. */
  constructor(modelText: string = readModel(), max: number = DOCUMENTS_MAX) {
    this.#modelText = modelText;
    this.#enforcers = new LRUCache({ max });
  }

  decide(document: PolicyDocument, request: PolicyRequest): PolicyDecision {
    let enforcer = this.#enforcers.get(document.hash);
    if (enforcer === undefined) {
      enforcer = new DocumentEnforcer(document, this.#modelText);
      this.#enforcers.set(document.hash, enforcer);
    }
    return enforcer.decide(request);
  }
}
