import { hash } from "node:crypto";
import { IamError } from "../../../../iam/principals/errors.ts";
import { assumeRoleWithWebIdentity as assume } from "../../../../iam/sessions/assume-role-with-web-identity.ts";
import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import type { StsHandler } from "../../call.ts";
import { factsOf } from "../facts.ts";
import { policyArnsOf, presentAssumedRole } from "../present.ts";

/** A token that nobody signed for this; one that is good for another role is no attack. */
function provesNothing(error: unknown): boolean {
  return error instanceof IamError && error.code === "InvalidIdentityTokenException";
}

/** Nobody signs this call: the token proves who makes it. */
export function assumeRoleWithWebIdentity(ports: StsPorts): StsHandler<"AssumeRoleWithWebIdentity"> {
  return async (call, input) => {
    const wanted = {
      ...{ roleArn: input.RoleArn, sessionName: input.RoleSessionName, duration: input.DurationSeconds },
      ...{ policy: input.Policy, policyArns: policyArnsOf(input.PolicyArns), token: input.WebIdentityToken },
    };
    const fingerprint = hash("sha256", `${input.RoleArn}\n${input.WebIdentityToken}`, "base64");
    call.attempt.admit({ accessKeyId: "", fingerprint });
    const role = await assume(ports, wanted, factsOf(call), call.cause()).catch((error: unknown) => {
      if (provesNothing(error)) call.attempt.failed("wrong");
      throw error;
    });
    call.attempt.proven();
    return {
      ...presentAssumedRole(role),
      ...{ Provider: role.provider, Audience: role.audience, SubjectFromWebIdentityToken: role.subject },
    };
  };
}
