import type { Call } from "../../iam/actions.ts";
import { PERMISSIONS, repositoryArn } from "../../iam/actions.ts";
import type { Authenticator } from "../../iam/authenticator.ts";
import type { Authorizer, Decision, RequestContext } from "../../iam/authorizer.ts";
import type { AccountPrincipal } from "../../iam/principal.ts";
import { RegistryError } from "../../registry/errors.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryScope } from "../../registry/repositories.ts";
import type { Client } from "../client.ts";

/** Every 401 names the scheme, on every path and for HEAD too: some clients never ping before their first request. */
export async function authenticate(
  authenticator: Authenticator,
  authorization: string | undefined,
  client: Client,
): Promise<AccountPrincipal> {
  const principal = authorization === undefined ? undefined : await authenticator.authenticate(authorization);
  if (principal !== undefined) return principal;
  const said = authorization === undefined ? "authentication required" : "the credentials are not valid";
  throw new RegistryError("UNAUTHORIZED", said, { headers: { "WWW-Authenticate": challenge(client) } });
}

function challenge(client: Client): string {
  const host = client.host.replaceAll(/[^\w.:[\]-]/g, "");
  return `Basic realm="${client.secure ? "https" : "http"}://${host}/",service="berth"`;
}

/** Decides calls of one request. */
export class Permissions {
  readonly #authorizer: Authorizer;
  readonly #principal: AccountPrincipal;
  readonly #scope: Pick<RegistryScope, "account" | "region">;
  readonly #context: RequestContext;

  constructor(
    authorizer: Authorizer,
    principal: AccountPrincipal,
    scope: Pick<RegistryScope, "account" | "region">,
    context: RequestContext,
  ) {
    this.#authorizer = authorizer;
    this.#principal = principal;
    this.#scope = scope;
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
    const { account, region } = this.#scope;
    const { actions, resource } = PERMISSIONS[call];
    const arn = repositoryArn(account, region, resource === "registry" ? "*" : (name ?? ""));
    let last: Decision = { allowed: false, reason: "" };
    for (const action of actions) {
      last = await this.#authorizer.decide(this.#principal, action, arn, this.#context);
      if (last.allowed) return last;
    }
    return last;
  }
}
