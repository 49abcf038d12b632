import { iamArn, parseIamArn } from "../principals/arns.ts";
import type { Role } from "../principals/entity.ts";
import { IamError } from "../principals/errors.ts";
import type { StsPorts } from "./ports.ts";

/** The account that a role's ARN names. @throws IamError ValidationError for what is no role's ARN */
export function accountOfRole(arn: string): string {
  const parts = parseIamArn(arn);
  if (parts?.kind === "role" && parts.account !== "aws") return parts.account;
  throw new IamError("ValidationError", `${arn} is invalid`);
}

/** The role of that ARN, whatever its account; undefined when there is none, or its account is disabled. */
export async function findRole(
  { identity, policies }: Pick<StsPorts, "identity" | "policies">,
  arn: string,
): Promise<Role | undefined> {
  const parts = parseIamArn(arn);
  if (parts?.kind !== "role") return undefined;
  const role = await identity.reader(parts.account).findEntity("role", parts.name);
  if (role === undefined || iamArn(role) !== arn) return undefined;
  const { account, uniqueId } = role;
  // Nobody proves anything here: what comes back says that the account is in use.
  const alive = await policies.load({ account, uniqueId, accessKeyId: undefined });
  return alive === undefined ? undefined : role;
}
