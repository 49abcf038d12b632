import type { Caller } from "../../policy/caller.ts";
import { iamArn, parseIamArn, parseOidcProviderArn, parseSessionArn } from "../arns.ts";

/** The caller that an ARN names, whether or not anybody has it; undefined for an ARN that no caller can have. */
export function simulatedCaller(arn: string): Caller | undefined {
  const [, account] = /^arn:aws:iam::(\d{12}):root$/.exec(arn) ?? [];
  if (account !== undefined) return { kind: "root", account, arn };
  const parts = parseIamArn(arn);
  if (parts?.kind === "user") return { kind: "user", account: parts.account, arn };
  if (parts?.kind === "role") {
    const session = `arn:aws:sts::${parts.account}:assumed-role/${parts.name}/simulated`;
    return { kind: "session", account: parts.account, arn: session, role: arn };
  }
  const session = parseSessionArn(arn);
  if (session !== undefined) {
    // The ARN of a session lacks the path of its role: the simplest stands in.
    const role = iamArn({ account: session.account, kind: "role", path: "/", name: session.roleName });
    return { kind: "session", account: session.account, arn, role };
  }
  return parseOidcProviderArn(arn) === undefined ? undefined : { kind: "federated", provider: arn };
}
