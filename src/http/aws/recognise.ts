import type { IncomingMessage } from "node:http";
import { loadModel, operationOf, type Service, type ServiceModel } from "../../aws-models/model.ts";
import { parseScope } from "../../iam/sigv4/scope.ts";
import { Parameters, QUERY_LIMITS, queryText } from "../../kernel/parameters.ts";
import { AwsError } from "./aws-error.ts";

/** The operation that a request turned out to call. */
export interface Recognised {
  readonly service: Service;
  readonly model: ServiceModel;
  readonly operation: string;
}

/** `X-Amz-Target` prefixes of the JSON services. */
const TARGETS: Readonly<Record<string, Service>> = {
  AmazonEC2ContainerRegistry_V20150921: "ecr",
  AmazonEC2ContainerServiceV20141113: "ecs",
  SpencerFrontendService: "ecr-public",
};

/** Versions of the Query services. */
const VERSIONS: Readonly<Record<string, Service>> = { "2011-06-15": "sts", "2010-05-08": "iam" };

/** Whether a request speaks JSON 1.1: by its target, or by its content type where the target is missing. */
export function speaksJson({ headers }: IncomingMessage): boolean {
  return (
    headers["x-amz-target"] !== undefined ||
    /^application\/(?:x-amz-)?json/.test(headers["content-type"] ?? "")
  );
}

/** Whether a caller of the Query protocol asks for its answer in JSON, as authenticators of Kubernetes do. */
export function wantsJson({ headers }: IncomingMessage): boolean {
  return /^\s*application\/json\s*(?:;|$)/i.test(headers.accept ?? "");
}

/** @throws AwsError UnknownOperationException */
export async function recogniseTarget(request: IncomingMessage): Promise<Recognised> {
  const target = String(request.headers["x-amz-target"] ?? "");
  const dot = target.lastIndexOf(".");
  const service = own(TARGETS, target.slice(0, Math.max(dot, 0)));
  if (service === undefined) {
    throw new AwsError("UnknownOperationException", "X-Amz-Target names no operation that is known here");
  }
  return named(service, target.slice(dot + 1), (operation) => `${service} has no operation ${operation}`);
}

/** By `Version`, or by the credential's scope where there is none. @throws AwsError MissingAction, InvalidAction */
export async function recogniseAction(
  parameters: Parameters,
  authorization: string | undefined,
): Promise<Recognised> {
  const action = parameters.get("Action") ?? "";
  if (action === "") throw new AwsError("MissingAction", "The request must contain the parameter Action");
  const version = parameters.get("Version");
  const service = version === null ? scopedService(authorization) : own(VERSIONS, version);
  const unknown = (operation: string): string =>
    `Could not find operation ${operation} for version ${version?.slice(0, 32) ?? "NO_VERSION_SPECIFIED"}`;
  if (service === undefined) throw new AwsError("UnknownOperationException", unknown(action.slice(0, 128)));
  return named(service, action, unknown);
}

async function named(
  service: Service,
  operation: string,
  unknown: (operation: string) => string,
): Promise<Recognised> {
  const model = await loadModel(service);
  if (operationOf(model, operation) === undefined) {
    throw new AwsError("UnknownOperationException", unknown(operation.slice(0, 128)));
  }
  return { service, model, operation };
}

/** The Query service that the head of a request says it is signed for. */
export function claimedService({ headers, url }: IncomingMessage): "iam" | "sts" | undefined {
  const presigned = Parameters.pick(queryText(url), ["X-Amz-Credential"], QUERY_LIMITS);
  return scopedService(headers.authorization ?? `Credential=${presigned.get("X-Amz-Credential") ?? ""}`);
}

const CREDENTIAL = "Credential=";

function scopedService(authorization = ""): "iam" | "sts" | undefined {
  const at = authorization.indexOf(CREDENTIAL);
  if (at < 0) return undefined;
  const [credential = ""] = authorization.slice(at + CREDENTIAL.length).split(",", 1);
  const service = parseScope(credential.trim())?.service;
  return service === "iam" || service === "sts" ? service : undefined;
}

function own(table: Readonly<Record<string, Service>>, name: string): Service | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
