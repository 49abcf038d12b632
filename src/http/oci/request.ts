import type { IncomingMessage } from "node:http";
import type { AuditRecord } from "../../audit/audit-log.ts";
import type { Cause } from "../../audit/cause.ts";
import type { Call } from "../../iam/actions.ts";
import type { Parameters } from "../../kernel/parameters.ts";
import type { ManifestCache } from "../../registry/manifests/pull.ts";
import type { RepositoryName } from "../../registry/names.ts";
import type { RegistryPorts } from "../../registry/ports/index.ts";
import type { Scope } from "../../registry/scope.ts";
import type { HiddenCursors } from "./hidden-cursor.ts";

/** What the handlers of the registry door work with. */
export interface OciDependencies {
  readonly ports: RegistryPorts;
  readonly manifestCache: ManifestCache;
  readonly cursors: HiddenCursors;
  readonly autoCreate: boolean;
  /** Told of every manifest that was sent to a client; undefined where nobody wants to know. */
  readonly onPull: ((pull: AuditRecord) => void) | undefined;
}

/** An authenticated request to one registry. */
export interface OciRequest {
  readonly incoming: IncomingMessage;
  readonly query: Parameters;
  readonly scope: Scope;
  /** ARN of the caller, or `anonymous`. */
  readonly principal: string;
  /** What recorded pulls and their exclusions call the caller: by any of its sessions a role pulls. */
  readonly puller: string;
  /** @throws RegistryError DENIED with the reason */
  authorize(call: Call, name?: RepositoryName): Promise<void>;
  may(call: Call, name: RepositoryName): Promise<boolean>;
  /** Those of `names`, in their order, that the caller may see in the catalog. */
  visible(names: readonly RepositoryName[]): Promise<readonly RepositoryName[]>;
  /** Why something changes, once `call` has been allowed. */
  causeOf(call: Call, name: RepositoryName): Cause;
  /** A path as `Location` and `Link` carry it: as it is, or below the external URL. */
  locate(path: string): string;
}

/** One value of a request header that may come once. */
export function header(request: OciRequest, name: string): string | undefined {
  const value = request.incoming.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
