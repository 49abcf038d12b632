import { type ParseOptions, type PolicyDocument, parsePolicyDocument } from "../policy/document.ts";
import { PolicyError } from "../policy/errors.ts";
import { globMatches } from "../policy/glob.ts";
import type { EntityKind } from "./entity.ts";
import { IamError, quotaExceeded } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** What a trust policy can let somebody do, in lower case; a wildcard has to mean one of these. */
const TRUST_ACTIONS = [
  ...["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"],
  ...["sts:tagsession", "sts:setsourceidentity", "sts:setcontext"],
];
/** Longest text that is read at all. */
const READ_MAX = 131_072;

/** @throws IamError MalformedPolicyDocumentException saying what is wrong where, or LimitExceededException */
export function requireManagedPolicy(text: string): PolicyDocument {
  requireSize(text, "PolicySize", LIMITS.policySize);
  const document = parse(text, { kind: "identity" });
  if (document.version === "2012-10-17") return document;
  throw malformed("Policy document must be version 2012-10-17 or greater.");
}

/** Whom it names is not looked up. @throws IamError as {@link requireManagedPolicy} does */
export function parseTrustPolicy(text: string): PolicyDocument {
  requireSize(text, "ACLSizePerRole", LIMITS.trustPolicySize);
  const document = parse(text, { kind: "trust" });
  const patterns = document.statements.flatMap(({ actions }) => actions.patterns);
  if (patterns.every((pattern) => TRUST_ACTIONS.some((action) => globMatches(pattern, action))))
    return document;
  throw malformed("AssumeRole policy may only specify STS AssumeRole actions.");
}

/** Sizes of all inline policies of an entity count together. */
export function requireInlinePolicy(
  text: string,
  others: readonly string[],
  kind: EntityKind,
  name: string,
): PolicyDocument {
  const max = LIMITS.inlineSize[kind];
  if ([...others, text].reduce((sum, each) => sum + sizeOf(each), 0) > max) {
    throw new IamError(
      "LimitExceededException",
      `Maximum policy size of ${max} bytes exceeded for ${kind} ${name}`,
    );
  }
  return parse(text, { kind: "identity", maxSize: max });
}

export function requireSessionPolicy(text: string): PolicyDocument {
  return parse(text, { kind: "session" });
}

function parse(text: string, options: ParseOptions): PolicyDocument {
  try {
    const document = parsePolicyDocument(text, options);
    requireUniqueSids(document);
    return document;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw malformed(error.message, error);
  }
}

/** ECR takes a Sid twice, and has it so in its own examples; IAM does not. */
function requireUniqueSids({ statements }: PolicyDocument): void {
  const sids = statements.flatMap(({ sid }) => (sid === undefined || sid === "" ? [] : [sid]));
  if (new Set(sids).size < sids.length) {
    throw malformed("Statement IDs (SID) in a single policy must be unique.");
  }
}

function malformed(message: string, cause?: Error): IamError {
  return new IamError("MalformedPolicyDocumentException", message, { cause });
}

function requireSize(text: string, quota: string, limit: number): void {
  if (sizeOf(text) > limit) throw quotaExceeded(quota, limit);
}

/** "IAM doesn't count white space when calculating the size of a policy." */
function sizeOf(text: string): number {
  return text.length > READ_MAX ? text.length : text.replace(/\s/g, "").length;
}
