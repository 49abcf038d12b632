import type { IncomingMessage } from "node:http";
import type { Call } from "../../iam/actions.ts";
import type { ManifestCache } from "../../registry/manifests/pull.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryPorts } from "../../registry/ports/index.ts";
import type { RegistryScope } from "../../registry/repositories.ts";

/** What the handlers of the registry door work with. */
export interface OciDependencies {
  readonly ports: RegistryPorts;
  readonly manifestCache: ManifestCache;
  readonly autoCreate: boolean;
}

/** An authenticated request to one registry. */
export interface OciRequest {
  readonly incoming: IncomingMessage;
  readonly query: URLSearchParams;
  readonly scope: RegistryScope;
  /** ARN of the caller, or `anonymous`. */
  readonly principal: string;
  /** @throws RegistryError DENIED with the reason */
  authorize(call: Call, name?: RepositoryName): Promise<void>;
  may(call: Call, name: RepositoryName): Promise<boolean>;
  /** A path as `Location` and `Link` carry it: as it is, or below the external URL. */
  locate(path: string): string;
}

/** One value of a request header that may come once. */
export function header(request: OciRequest, name: string): string | undefined {
  const value = request.incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
