import { federateUser } from "../../../../iam/sessions/federated-user.ts";
import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";
import { policyArnsOf, presentCredentials } from "../present.ts";

export function getFederationToken(
  ports: Pick<StsPorts, "identity" | "aws" | "sessions" | "masterKey" | "clock">,
): StsHandler<"GetFederationToken"> {
  return async (call, input) => {
    const wanted = {
      ...{ name: input.Name, duration: input.DurationSeconds, tags: input.Tags ?? [] },
      ...{ policy: input.Policy, policyArns: policyArnsOf(input.PolicyArns) },
    };
    const { credentials, arn, id, packedSize } = await federateUser(
      ports,
      identityOf(call),
      wanted,
      (action, resource, conditions) => call.authorizeToo(action, resource, conditions),
      () => call.cause(),
    );
    return {
      Credentials: presentCredentials(credentials),
      FederatedUser: { FederatedUserId: id, Arn: arn },
      ...(packedSize === 0 ? {} : { PackedPolicySize: packedSize }),
    };
  };
}
