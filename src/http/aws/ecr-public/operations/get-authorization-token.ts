import type { EcrPublicHandler } from "../../call.ts";
import { handOutToken } from "../../ecr/hand-out-token.ts";
import type { EcrPublicPorts } from "../ports.ts";

/** As with AWS, a bearer token of STS is a permission of its own. */
export function getAuthorizationToken({ tokens }: EcrPublicPorts): EcrPublicHandler<"GetAuthorizationToken"> {
  return async (call) => {
    await call.authorize("*");
    const service = { "sts:AWSServiceName": ["ecr-public.amazonaws.com"] };
    await call.authorizeToo("sts:GetServiceBearerToken", "*", service);
    return { authorizationData: await handOutToken(tokens, call) };
  };
}
