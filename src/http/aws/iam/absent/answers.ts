import { keyOwner } from "../../../../iam/principals/access-keys.ts";
import { noSuch } from "../../../../iam/principals/errors.ts";
import { AwsError } from "../../aws-error.ts";
import type { AwsCall } from "../../call.ts";
import { authorizeOn, authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { ROOT_NAME } from "../present.ts";

type Ports = Pick<IamPorts, "identity" | "tokens">;

/** Makes the handler of an operation about things that are nowhere. */
type Maker<Input, Output> = (ports: Ports) => (call: AwsCall, input: Input) => Promise<Output>;

interface OfUser {
  readonly UserName?: string | undefined;
}

interface Paged {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

/** What an operation is about, from its input: an ARN, or `*`. */
type ArnOf<Input> = (input: Input, account: string) => string;

/** An empty list of an account. */
export function emptyList<Output extends object>(
  nothing: Output,
): Maker<Paged, Output & { readonly IsTruncated: boolean }> {
  return (ports) => async (call, input) => {
    await authorizeOn(call, "*");
    const paging = new Paging(ports.tokens, call, input);
    return { ...nothing, ...paging.marker({ next: undefined }) };
  };
}

/** An empty list of a user, who exists; of all of them where the caller asks for that. */
export function emptyListOfUser<Output extends object>(
  nothing: Output,
): Maker<
  OfUser & Paged & { readonly AllUsers?: boolean | undefined },
  Output & { readonly IsTruncated: boolean }
> {
  const ofAll = emptyList(nothing);
  return (ports) => async (call, input) => {
    if (input.AllUsers === true && input.UserName === undefined) return ofAll(ports)(call, input);
    const name = await knownUser(ports, call, input);
    const paging = new Paging(ports.tokens, call, input, [name]);
    return { ...nothing, ...paging.marker({ next: undefined }) };
  };
}

/** One of an account: there is none. @throws IamError NoSuchEntityException */
export function missing<Input>(
  arnOf: ArnOf<Input>,
  text: (input: Input, account: string) => string,
): Maker<Input, never> {
  return () => async (call, input) => {
    await authorizeOn(call, arnOf(input, call.account));
    throw noSuch(text(input, call.account));
  };
}

/** One of a user: there is none. @throws IamError NoSuchEntityException */
export function missingOfUser<Input>(
  text: (input: Input, userName: string) => string,
): Maker<Input & OfUser, never> {
  return (ports) => async (call, input) => {
    const name = await knownUser(ports, call, input);
    throw noSuch(text(input, name ?? ROOT_NAME));
  };
}

/** A new one of an account. @throws AwsError that says what Berth does not have */
export function refused<Input>(arnOf: ArnOf<Input>, things: string): Maker<Input, never> {
  return () => async (call, input) => {
    await authorizeOn(call, arnOf(input, call.account));
    throw notHere(call, things);
  };
}

/** A new one of a user. @throws AwsError that says what Berth does not have */
export function refusedOfUser(things: string): Maker<OfUser, never> {
  return (ports) => async (call, input) => {
    await knownUser(ports, call, input);
    throw notHere(call, things);
  };
}

async function knownUser(ports: Ports, call: AwsCall, input: OfUser): Promise<string | undefined> {
  const name = ownUserName(call, input.UserName);
  await authorizeOnUser(call, ports, name);
  await keyOwner(ports.identity.reader(call.account), name);
  return name;
}

function notHere({ operation }: AwsCall, things: string): AwsError {
  return new AwsError(
    "UnknownOperationException",
    `The operation ${operation} is not available: Berth has no ${things}`,
  );
}
