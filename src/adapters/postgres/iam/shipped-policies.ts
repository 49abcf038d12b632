import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { AwsPolicies } from "../../../iam/principals/aws-policies.ts";
import type { AwsPolicy } from "../../../iam/principals/managed-policy.ts";

// The folder lies at the same distance from the sources and from what is built of them.
const FOLDER = new URL("../../../../policies/managed/", import.meta.url);
/** When AWS published the first of them. */
const CREATED_AT = new Date("2015-12-21T17:06:48Z");
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** AWS's managed policies as they were shipped; the path below the folder is the path of the ARN. Read once, at start. */
export function readAwsPolicies(): AwsPolicies {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" });
  return new AwsPolicies(files.filter((file) => file.endsWith(".json")).map(readPolicy));
}

function readPolicy(file: string): AwsPolicy {
  const below = file.replaceAll("\\", "/").replace(/\.json$/, "");
  const arn = `arn:aws:iam::aws:policy/${below}`;
  const name = basename(below);
  return {
    ...{ arn, name, path: `/${below.slice(0, -name.length)}`, uniqueId: uniqueIdOf(arn) },
    description: `Provides the ${name} permissions of Amazon ECR.`,
    document: readFileSync(new URL(file, FOLDER), "utf8"),
    createdAt: CREATED_AT,
  };
}

/** The same on every node and after every start. */
function uniqueIdOf(arn: string): string {
  const hash = createHash("sha256").update(arn).digest();
  return `ANPA${Array.from(hash.subarray(0, 17), (byte) => ALPHABET[byte % 32]).join("")}`;
}
