import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { loadModel } from "../../aws-models/model.ts";
import type { LoginAttempt, LoginDoor } from "../../iam/logins/login-attempt.ts";
import { RefusedIdentityError } from "../../iam/sessions/refused-identity.ts";
import { SignatureError } from "../../iam/sigv4/errors.ts";
import type { VerifiedCaller } from "../../iam/sigv4/verify.ts";
import { contextOf } from "../access/context.ts";
import { mayExceed, readBody } from "../body.ts";
import { setStanding } from "../body-memory.ts";
import type { Client } from "../client.ts";
import type { Door } from "../door.ts";
import { loginOrigin } from "../login-origin.ts";
import type { Exchange } from "../observe.ts";
import { type Outcome, withHeaders } from "../outcome.ts";
import { noted, sendAnswer } from "./answer.ts";
import { AwsError } from "./aws-error.ts";
import type { CallTrace, Handlers } from "./call.ts";
import { contentOf, contentTime, readContentBody } from "./content-body.ts";
import { CALL_MAX, withinDeadline } from "./deadline.ts";
import type { Dialect } from "./dialect.ts";
import { type EntranceDependencies, openClaim, signedCall, unsignedCall } from "./enter.ts";
import { findHandler } from "./handlers.ts";
import { bodyMax } from "./incoming.ts";
import { inputOf, readForm, UNCLAIMED_FORM_MAX } from "./input.ts";
import { JSON_DIALECT } from "./json-dialect.ts";
import { parametersOf } from "./parameters.ts";
import { unknownActionsIn } from "./policy-notes.ts";
import { QUERY_DIALECT } from "./query-dialect.ts";
import { QUERY_JSON_DIALECT } from "./query-json-dialect.ts";
import {
  claimedService,
  type Recognised,
  recogniseAction,
  recogniseTarget,
  speaksJson,
  wantsJson,
} from "./recognise.ts";
import { awsErrorOf } from "./thrown.ts";

/** What the AWS dialects need from the rest of Berth. */
export interface AwsDoorDependencies extends EntranceDependencies {
  readonly handlers: Handlers;
  /** Milliseconds for a whole call; {@link CALL_MAX} unless a test says otherwise. */
  readonly callMax?: number;
}

/** The AWS JSON 1.1 and AWS Query dialects: every `POST /`, and `GET /` with an `Action`. */
export function openAwsDoor(dependencies: AwsDoorDependencies): Door {
  return (exchange, request, response) =>
    isOurs(request) ? serve(dependencies, exchange, request, response) : undefined;
}

function isOurs({ method, url = "" }: IncomingMessage): boolean {
  const mark = url.indexOf("?");
  if ((mark < 0 ? url : url.slice(0, mark)) !== "/") return false;
  if (method === "POST") return true;
  return method === "GET" && mark >= 0 && /[?&]Action=/.test(url);
}

/** What is known of a call so far: an error is written with it. */
interface Progress {
  readonly requestId: string;
  recognised: Recognised | undefined;
  caller: VerifiedCaller | undefined;
  readonly trace: CallTrace;
}

async function serve(
  dependencies: AwsDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const progress: Progress = {
    ...{ requestId: randomUUID(), recognised: undefined, caller: undefined },
    trace: { allowed: undefined, denied: undefined, cause: undefined },
  };
  const isForm = !speaksJson(request);
  const dialect = isForm ? (wantsJson(request) ? QUERY_JSON_DIALECT : QUERY_DIALECT) : JSON_DIALECT;
  // The log names a request by what its client was told.
  Object.assign(exchange, { id: progress.requestId, route: "aws" });
  let outcome: Outcome;
  try {
    const work = answer(dependencies, exchange, request, { dialect, isForm }, progress);
    outcome = await withinDeadline(work, (dependencies.callMax ?? CALL_MAX) + contentTime(request));
  } catch (thrown) {
    const error = awsErrorOf(thrown, progress.recognised?.service, progress.requestId);
    if (isDenial(error)) keepDenial(dependencies, exchange, request, progress, error);
    outcome = dialect.failure(error, progress.recognised?.model, progress.requestId);
    exchange.error = noted(thrown, error, outcome.status);
  }
  try {
    if (!response.destroyed) await sendAnswer(request, response, withHeaders(outcome, exchange.headers));
  } catch (error) {
    exchange.error = error;
    response.destroy();
  }
}

/** One call, in AWS's order: recognise, authenticate, decode, validate, then the handler authorizes and decides. */
async function answer(
  dependencies: AwsDoorDependencies,
  exchange: Exchange,
  request: IncomingMessage,
  { dialect, isForm }: { readonly dialect: Dialect; readonly isForm: boolean },
  progress: Progress,
): Promise<Outcome> {
  const { client } = exchange;
  const begin = (door: LoginDoor): LoginAttempt =>
    dependencies.logins.begin(loginOrigin(door, exchange, request, dependencies.clock.now()));
  const signature = begin("api");
  // A form says in its body what it calls; JSON says so in a header, and its body waits until the head is in order.
  const form = isForm
    ? await readForm(request, await formMax(dependencies, request, client, signature))
    : undefined;
  const recognised =
    form === undefined
      ? await recogniseTarget(request)
      : await recogniseAction(form.address, request.headers.authorization);
  progress.recognised = recognised;
  const { service, operation, model } = recognised;
  exchange.route = `${service}.${operation}`;
  const handler = findHandler(dependencies.handlers, service, operation);
  if (handler === undefined) {
    const message = `The operation ${operation} of ${service} is not implemented here`;
    throw new AwsError("UnknownOperationException", message);
  }
  const isUnsigned = model.operations[operation]?.unsigned === true;
  const attempt = isUnsigned ? begin("web-identity") : signature;
  const claim = isUnsigned ? undefined : await openClaim(dependencies, request, client, recognised, attempt);
  if (claim !== undefined) setStanding(request, "claimed");
  const content = contentOf(exchange.route);
  const body =
    form?.body ??
    (await (content === undefined
      ? readBody(request, bodyMax(exchange.route))
      : readContentBody(request, content)));
  const caller = Buffer.isBuffer(body) ? claim?.verify(body) : claim?.verifyHash(body.sha256);
  if (caller !== undefined) setStanding(request, "proven");
  progress.caller = caller;
  exchange.principal = caller?.principal.arn;
  const input = inputOf(recognised, form?.parameters() ?? body);
  const origin = {
    ...{ request, client, attempt, service, operation, requestId: progress.requestId, trace: progress.trace },
    parameters: () => parametersOf(model, operation, input),
    unknownActions: () => unknownActionsIn(input),
  };
  const call =
    caller === undefined ? unsignedCall(dependencies, origin) : signedCall(dependencies, origin, caller);
  const output = await handler(call, input).finally(() => tellChange(dependencies, progress.trace));
  return dialect.success(recognised, output, progress.requestId);
}

/** The account of the caller, and the one of what it changed. */
function tellChange({ onChange }: AwsDoorDependencies, { cause }: CallTrace): void {
  if (cause === undefined) return;
  onChange(cause.account);
  const owner = cause.resource.split(":")[4];
  if (owner !== undefined && owner !== "" && owner !== cause.account) onChange(owner);
}

/**
 * Bytes that a form may have: no more than a token of an identity provider needs, unless its head claims a key that
 * exists. Which operation is meant stands in the form itself, so the claim is opened for good once that is known.
 */
async function formMax(
  dependencies: AwsDoorDependencies,
  request: IncomingMessage,
  client: Client,
  attempt: LoginAttempt,
): Promise<number> {
  if (!mayExceed(request, UNCLAIMED_FORM_MAX)) return UNCLAIMED_FORM_MAX;
  const service = claimedService(request);
  if (service === undefined) return UNCLAIMED_FORM_MAX;
  try {
    await openClaim(dependencies, request, client, { service, model: await loadModel(service) }, attempt);
  } catch (error) {
    if (error instanceof SignatureError) return UNCLAIMED_FORM_MAX;
    throw error;
  }
  setStanding(request, "claimed");
  return bodyMax("");
}

function isDenial({ code }: AwsError): boolean {
  return code === "AccessDeniedException";
}

/** `berth explain --id` finds it by the id of the request, which every error of AWS carries. */
function keepDenial(
  { authorizer, clock }: AwsDoorDependencies,
  { client }: Exchange,
  request: IncomingMessage,
  { requestId, recognised, caller, trace }: Progress,
  error: AwsError,
): void {
  if (caller === undefined || recognised === undefined) return;
  const { principal } = caller;
  // What the domain refuses, such as a role that does not trust the caller, no permission was asked for.
  const refusal = error.cause instanceof RefusedIdentityError ? error.cause.refusal : {};
  const {
    action = `${recognised.service}:${recognised.operation}`,
    resource = "*",
    conditions = {},
  } = refusal;
  const denied = trace.denied ?? {
    ...{ action, resource, reason: error.message },
    context: { ...contextOf(client, request, clock.now(), caller.region), conditions },
  };
  authorizer.keepDenial?.({ ...denied, principal, requestId });
}
