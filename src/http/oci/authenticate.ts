import { type Call, PERMISSIONS, repositoryArn, SCOPE_ACTIONS } from "../../iam/actions.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import type { Principal } from "../../iam/principal.ts";
import type { TokenAccess } from "../../iam/tokens/registry-token.ts";
import { RegistryError } from "../../registry/errors.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { Client } from "../client.ts";
import type { RegistryAddress } from "../registry-host.ts";

/** Milliseconds after a token's end for which an upload that it began may go on: one PATCH may take hours. */
const UPLOAD_GRACE = 3_600_000;
const UPLOAD_CALLS: ReadonlySet<string> = new Set([
  "patchUpload",
  "completeUpload",
  "getUpload",
  "cancelUpload",
]);

/** Whoever makes a request, and what narrows it. */
export interface Proven {
  readonly principal: Principal;
  readonly access: readonly TokenAccess[] | undefined;
}

/** Every 401 names the scheme, on every path and for HEAD too: some clients never ping before their first request. */
export async function authenticate(
  authenticator: Authenticator,
  authorization: string | undefined,
  request: { readonly client: Client; readonly call: string; readonly region: string; readonly now: Date },
): Promise<Proven> {
  const { client, call, region, now } = request;
  if (authorization === undefined) throw unauthorized("UNAUTHORIZED", "authentication required", client);
  const found = await authenticator.authenticate(authorization);
  if (found.state === "proven" && (found.region ?? region) === region) return found;
  if (found.state === "expired") {
    if (mayFinishUpload(found.since, call, now)) return { principal: found.principal, access: undefined };
    const said = "Your authorization token has expired. Reauthenticate and try again.";
    throw unauthorized("DENIED", said, client);
  }
  throw unauthorized("UNAUTHORIZED", "the credentials are not valid", client);
}

/** An upload belongs to the principal that began it, so the holder of the token is all that needs to be known. */
function mayFinishUpload(since: Date, call: string, now: Date): boolean {
  return UPLOAD_CALLS.has(call) && now.getTime() - since.getTime() < UPLOAD_GRACE;
}

function unauthorized(code: "UNAUTHORIZED" | "DENIED", said: string, client: Client): RegistryError {
  return new RegistryError(code, said, { status: 401, headers: { "WWW-Authenticate": challenge(client) } });
}

function challenge(client: Client): string {
  const host = client.host.replaceAll(/[^\w.:[\]-]/g, "");
  return `Basic realm="${client.secure ? "https" : "http"}://${host}/",service="berth"`;
}

/** Decides calls of one request. */
export class Permissions {
  readonly #authorizer: Authorizer;
  readonly #proven: Proven;
  readonly #address: RegistryAddress;
  readonly #context: RequestContext;

  constructor(authorizer: Authorizer, proven: Proven, address: RegistryAddress, context: RequestContext) {
    this.#authorizer = authorizer;
    this.#proven = proven;
    this.#address = address;
    this.#context = context;
  }

  /** @throws RegistryError DENIED with the reason */
  async require(call: Call, name: RepositoryName | undefined): Promise<void> {
    const decision = await this.#decide(call, name);
    if (!decision.allowed) throw new RegistryError("DENIED", decision.reason);
  }

  async allows(call: Call, name: RepositoryName): Promise<boolean> {
    return (await this.#decide(call, name)).allowed;
  }

  async #decide(call: Call, name: RepositoryName | undefined): Promise<Decision> {
    if (!isInScope(this.#proven.access, call, name)) {
      return {
        allowed: false,
        reason: `the scope of the token does not cover ${call} on ${name ?? "the registry"}`,
      };
    }
    const { account, region } = this.#address;
    const { actions, resource } = PERMISSIONS[call];
    const arn = repositoryArn(account, region, resource === "registry" ? "*" : (name ?? ""));
    let last: Decision = { allowed: false, reason: "" };
    for (const action of actions) {
      last = await this.#authorizer.decide(this.#proven.principal, action, arn, this.#context);
      if (last.allowed) return last;
    }
    return last;
  }
}

function isInScope(access: Proven["access"], call: Call, name: RepositoryName | undefined): boolean {
  if (access === undefined) return true;
  const wanted = SCOPE_ACTIONS[call];
  const [type, resource] = name === undefined ? ["registry", "catalog"] : ["repository", name];
  return access.some(
    (entry) =>
      entry.type === type &&
      entry.name === resource &&
      (entry.actions.includes(wanted) || entry.actions.includes("*")),
  );
}
