import { repositoryArn } from "../iam/actions.ts";
import type { RegistryAddress } from "../registry/scope.ts";
import type { Change } from "./change.ts";
import { type EventBody, secondsOf } from "./event-body.ts";

/** Of changes that older nodes wrote, which do not name their action. */
const ACTIONS: Readonly<Record<string, string>> = {
  "repository.create": "ecr:CreateRepository",
  "repository.change": "berth:SetRepository",
  "repository.delete": "ecr:DeleteRepository",
};

/**
 * `AWS API Call via CloudTrail`: repositories, policies, tags and settings, of which ECR itself has no events. In the
 * style of a CloudTrail record ("CloudTrail record contents", CloudTrail user guide), without what the request carried
 * beside the names of what it is about; what else is known of the change is in `additionalEventData`.
 */
export function apiCallDetail(
  { account, region }: RegistryAddress,
  { kind, detail, at }: Change,
  uuid: (name: string) => string,
): EventBody {
  const { repository, principal, requestId, sourceIp, userAgent, action, ...more } = detail;
  const [service = "", name = ""] = (action ?? ACTIONS[kind] ?? `berth:${kind}`).split(":");
  const names = repository === null ? {} : { repositoryName: repository };
  const arn = repository === null ? undefined : repositoryArn(account, region, repository);
  return {
    detailType: "AWS API Call via CloudTrail",
    detail: {
      ...{ eventVersion: "1.11", userIdentity: identityOf(principal), eventTime: secondsOf(at) },
      ...{ eventSource: service === "ecr" ? "ecr.amazonaws.com" : service, eventName: name },
      ...{ awsRegion: region, sourceIPAddress: sourceIp ?? "", userAgent: userAgent ?? "" },
      ...{ requestParameters: { registryId: account, ...names }, responseElements: null },
      ...(Object.keys(more).length === 0 ? {} : { additionalEventData: more }),
      ...{ requestID: requestId, eventID: uuid("eventID"), readOnly: false },
      ...(arn === undefined ? {} : { resources: [{ accountId: account, ARN: arn }] }),
      ...{ eventType: "AwsApiCall", managementEvent: true, recipientAccountId: account },
      eventCategory: "Management",
    },
  };
}

/** As CloudTrail tells principals apart ("CloudTrail userIdentity element"). */
function identityOf(principal: string): Readonly<Record<string, string>> {
  const [, , service, , accountId = "", resource = ""] = principal.split(":");
  if (service === undefined) return { type: "AWSService", invokedBy: principal };
  return { type: typeOf(service, resource), arn: principal, accountId };
}

function typeOf(service: string, resource: string): string {
  if (resource === "root") return "Root";
  if (service !== "sts") return "IAMUser";
  return resource.startsWith("federated-user/") ? "FederatedUser" : "AssumedRole";
}
