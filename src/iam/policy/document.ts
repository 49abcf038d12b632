import { createHash } from "node:crypto";
import { parseStrictJson, StrictJsonError } from "../../registry/strict-json.ts";
import { PolicyError } from "./errors.ts";
import { isObject } from "./json.ts";
import { KINDS, type PolicyKind, type RegistryPolicyScope } from "./kinds.ts";
import type { DocumentRules } from "./rules.ts";
import { parseStatement, type Statement } from "./statement.ts";

/** A policy document that was accepted: read once, compared often. Its text is kept by whoever stores it. */
export interface PolicyDocument {
  readonly kind: PolicyKind;
  /** Of a registry policy; undefined for the others. */
  readonly scope: RegistryPolicyScope | undefined;
  /** Names what the statements mean: equal for documents of equal text, kind and scope. */
  readonly hash: string;
  /** Characters of its text; 0 for what could not be read. */
  readonly size: number;
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly Statement[];
  /** Why nobody knows what it says: then it has no statements. Undefined for every document that was read. */
  readonly unreadable?: string | undefined;
}

export type PolicyVersion = "2008-10-17" | "2012-10-17";

export interface ParseOptions {
  readonly kind: PolicyKind;
  /** Characters, where another quota applies than the kind's usual one (kinds.ts). */
  readonly maxSize?: number | undefined;
  /** Of a registry policy; V2 unless said. */
  readonly scope?: RegistryPolicyScope | undefined;
  /** ARN of the repository that carries a repository policy: the one resource that it may name beside `*`. */
  readonly repository?: string | undefined;
}

/** What the longest stored document may have; each kind was held to its own limit when it was stored. */
const STORED_MAX = 131_072;

/**
 * Parses and validates a policy document (IAM: "Grammar of the IAM JSON policy language"; for repository and registry
 * policies ECR's narrower rules, ecr.md section 7). Whether the principals that it names exist is the caller's to ask.
 * @throws PolicyError saying where in the document which rule is broken, and by what value
 */
export function parsePolicyDocument(text: string, options: ParseOptions): PolicyDocument {
  refuseSize(text, options);
  return parse(text, options, false);
}

/**
 * Reads a document that was accepted when it was stored, by this Berth or an older one. What may be written is not asked
 * again, so that a rule that came later takes no meaning away: an action of another service or the ARN of another
 * resource matches nothing where only one service and one resource are asked about. One that has no meaning (no JSON, an
 * unknown operator, too long) comes back as unreadable.
 */
export function readStoredDocument(text: string, options: Omit<ParseOptions, "maxSize">): PolicyDocument {
  try {
    if (text.length > STORED_MAX) throw new PolicyError("", `has more than ${STORED_MAX} characters`);
    return parse(text, options, true);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const { kind } = options;
    const scope = scopeOf(options);
    const hash = hashOf(kind, scope, `unreadable\n${error.message}`);
    return {
      kind,
      scope,
      hash,
      size: 0,
      version: "2008-10-17",
      id: undefined,
      statements: [],
      unreadable: error.message,
    };
  }
}

function parse(text: string, options: ParseOptions, stored: boolean): PolicyDocument {
  const { kind, repository } = options;
  const scope = scopeOf(options);
  const value = parseJson(text);
  if (!isObject(value)) throw new PolicyError("", "must be a JSON object", value);
  const unknown = Object.keys(value).find((key) => key !== "Version" && key !== "Id" && key !== "Statement");
  if (unknown !== undefined) throw new PolicyError(unknown, "is not an element of a policy document");
  const version = parseVersion(value["Version"]);
  const id = value["Id"];
  if (id !== undefined && typeof id !== "string") throw new PolicyError("Id", "must be text", id);
  const rules: DocumentRules = { kind, scope, repository, variables: version === "2012-10-17", stored };
  const statements = parseStatements(value["Statement"], rules);
  return { kind, scope, hash: hashOf(kind, scope, text), size: text.length, version, id, statements };
}

function scopeOf({ kind, scope }: ParseOptions): RegistryPolicyScope | undefined {
  return kind === "registry" ? (scope ?? "V2") : undefined;
}

function hashOf(kind: PolicyKind, scope: RegistryPolicyScope | undefined, text: string): string {
  return createHash("sha256").update(`${kind}\n${scope}\n${text}`).digest("base64");
}

function refuseSize(text: string, { kind, maxSize = KINDS[kind].maxSize }: ParseOptions): void {
  const size = KINDS[kind].countsWhiteSpace ? text.length : text.replace(/\s/g, "").length;
  if (size > maxSize) {
    throw new PolicyError("", `has ${size} characters; a ${kind} policy may have ${maxSize}`);
  }
  // White space that is not counted must still end somewhere.
  if (text.length > 10 * maxSize) throw new PolicyError("", "consists of white space mostly");
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof StrictJsonError) throw new PolicyError("", error.message.replace(/^the body /, ""));
    throw error;
  }
}

/** Without one it is the older: "If you do not include a Version element, the value defaults to 2008-10-17." */
function parseVersion(version: unknown): PolicyVersion {
  if (version === undefined) return "2008-10-17";
  if (version === "2008-10-17" || version === "2012-10-17") return version;
  throw new PolicyError("Version", "must be 2012-10-17 or 2008-10-17", version);
}

function parseStatements(value: unknown, rules: DocumentRules): readonly Statement[] {
  if (isObject(value)) return [parseStatement(value, 0, "Statement", rules)];
  if (!Array.isArray(value) || value.length === 0) {
    throw new PolicyError("Statement", "must be an object or a list of at least one", value ?? null);
  }
  return value.map((each, index) => parseStatement(each, index, `Statement[${index}]`, rules));
}
