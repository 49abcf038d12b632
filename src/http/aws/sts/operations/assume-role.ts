import { assumeRole as assume } from "../../../../iam/sessions/assume-role.ts";
import type { StsPorts } from "../../../../iam/sessions/ports.ts";
import type { StsHandler } from "../../call.ts";
import { identityOf } from "../../iam/caller.ts";
import { factsOf } from "../facts.ts";
import { policyArnsOf, presentAssumedRole, secondFactorOf } from "../present.ts";

/** The trust policy of the role decides together with the caller's own policies: the domain asks them both. */
export function assumeRole(ports: StsPorts): StsHandler<"AssumeRole"> {
  return async (call, input) => {
    const wanted = {
      ...{ roleArn: input.RoleArn, sessionName: input.RoleSessionName, duration: input.DurationSeconds },
      ...{ externalId: input.ExternalId, sourceIdentity: input.SourceIdentity, tags: input.Tags ?? [] },
      ...{ policy: input.Policy, policyArns: policyArnsOf(input.PolicyArns) },
      secondFactor: secondFactorOf(input),
      transitiveTagKeys: input.TransitiveTagKeys ?? [],
    };
    return presentAssumedRole(await assume(ports, identityOf(call), wanted, factsOf(call), call.cause()));
  };
}
