import type { IdentityChange } from "../../../iam/principals/ports/index.ts";
import type { AwsCall } from "../call.ts";
import type { IamPorts } from "./ports.ts";

/** One change of the caller's account, which the audit log knows by the call. */
export function changeAccount<T>(
  { identity }: Pick<IamPorts, "identity">,
  call: AwsCall,
  work: (change: IdentityChange) => Promise<T>,
): Promise<T> {
  return identity.change(call.account, call.cause(), call.clock.now(), work);
}
