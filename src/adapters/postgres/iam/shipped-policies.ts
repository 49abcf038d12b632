import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { AwsPolicies } from "../../../iam/principals/aws-policies.ts";
import type { AwsPolicy } from "../../../iam/principals/managed-policy.ts";

// The folder lies at the same distance from the sources and from what is built of them.
const FOLDER = new URL("../../../../policies/managed/", import.meta.url);
const OTHERS = new URL("../../../../policies/managed.jsonl", import.meta.url);
/** When AWS published the first of them. */
const CREATED_AT = new Date("2015-12-21T17:06:48Z");
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/**
 * AWS's managed policies as they were shipped: those of ECR as files, whose path below the folder is the path of the ARN,
 * and all others, one a line. Read once, at start.
 */
export function readAwsPolicies(): AwsPolicies {
  const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" });
  const lines = readFileSync(OTHERS, "utf8").split("\n");
  return new AwsPolicies([
    ...files.filter((file) => file.endsWith(".json")).map(readFile),
    ...lines.filter((line) => line !== "").map(readLine),
  ]);
}

function readFile(file: string): AwsPolicy {
  const below = file.replaceAll("\\", "/").replace(/\.json$/, "");
  return shipped(below, readFileSync(new URL(file, FOLDER), "utf8"));
}

function readLine(line: string): AwsPolicy {
  const { path, document } = JSON.parse(line) as { readonly path: string; readonly document: object };
  return shipped(path, JSON.stringify(document));
}

function shipped(below: string, document: string): AwsPolicy {
  const arn = `arn:aws:iam::aws:policy/${below}`;
  const name = basename(below);
  return {
    ...{ arn, name, path: `/${below.slice(0, -name.length)}`, uniqueId: uniqueIdOf(arn), document },
    description: `What AWS's ${name} allows and denies of ECR, ECS, IAM and STS.`,
    createdAt: CREATED_AT,
  };
}

/** The same on every node and after every start. */
function uniqueIdOf(arn: string): string {
  const hash = createHash("sha256").update(arn).digest();
  return `ANPA${Array.from(hash.subarray(0, 17), (byte) => ALPHABET[byte % 32]).join("")}`;
}
