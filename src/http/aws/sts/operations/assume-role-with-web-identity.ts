import { assumeRoleWithWebIdentity as assume } from "../../../../iam/sessions/assume-role-with-web-identity.ts";
import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import type { StsHandler } from "../../call.ts";
import { factsOf } from "../facts.ts";
import { policyArnsOf, presentAssumedRole } from "../present.ts";

/** Nobody signs this call: the token proves who makes it. */
export function assumeRoleWithWebIdentity(ports: StsPorts): StsHandler<"AssumeRoleWithWebIdentity"> {
  return async (call, input) => {
    const wanted = {
      ...{ roleArn: input.RoleArn, sessionName: input.RoleSessionName, duration: input.DurationSeconds },
      ...{ policy: input.Policy, policyArns: policyArnsOf(input.PolicyArns), token: input.WebIdentityToken },
    };
    const role = await assume(ports, wanted, factsOf(call), call.cause());
    return {
      ...presentAssumedRole(role),
      ...{ Provider: role.provider, Audience: role.audience, SubjectFromWebIdentityToken: role.subject },
    };
  };
}
