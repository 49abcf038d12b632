import { LRUCache } from "lru-cache";
import type { AttachedPolicy } from "../policy/access.ts";
import { type PolicyDocument, parsePolicyDocument } from "../policy/document.ts";
import { PolicyError } from "../policy/errors.ts";
import type { PolicyKind } from "../policy/kinds.ts";

/** Documents kept compiled: far more than an installation has in use. */
const DOCUMENTS_MAX = 10_000;
/** What the longest stored document may have; each kind was held to its own limit when it was stored. */
const STORED_MAX = 131_072;

/** Denies everything that a document of its kind can deny. */
const DENY_ALL: Readonly<Record<PolicyKind, string>> = {
  ...{ identity: denying({ Action: "*", Resource: "*" }), boundary: denying({ Action: "*", Resource: "*" }) },
  ...{
    session: denying({ Action: "*", Resource: "*" }),
    trust: denying({ Principal: "*", Action: "sts:*" }),
  },
  repository: denying({ Principal: "*", Action: "ecr:*" }),
  registry: denying({ Principal: "*", Action: "ecr:*", Resource: "*" }),
  resource: denying({ Principal: "*", Action: "*", Resource: "*" }),
};

function denying(statement: Readonly<Record<string, string>>): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", ...statement }] });
}

const ALLOW_NOTHING = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"none:None","Resource":"*"}]}`;

/** Compiles documents that were accepted when they were stored, each text once. */
export class StoredPolicies {
  readonly #compiled = new LRUCache<string, PolicyDocument>({ max: DOCUMENTS_MAX });

  /**
   * `text` of undefined is a policy that is named but gone. It allows nothing, but must not count as absent: a session
   * that was narrowed by it would be wide open.
   */
  attached(label: string, kind: PolicyKind, text: string | undefined): AttachedPolicy {
    return { label, document: this.#compile(kind, text ?? ALLOW_NOTHING) };
  }

  #compile(kind: PolicyKind, text: string): PolicyDocument {
    const key = `${kind}\n${text}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const document = parse(kind, text);
    this.#compiled.set(key, document);
    return document;
  }
}

/** A stored document that rules of a later Berth refuse might have denied something: nobody knows, so it denies all. */
function parse(kind: PolicyKind, text: string): PolicyDocument {
  try {
    return parsePolicyDocument(text, { kind, maxSize: STORED_MAX });
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return parsePolicyDocument(DENY_ALL[kind], { kind });
  }
}
