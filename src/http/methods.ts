import { TOKEN_PATH } from "./access/challenge.ts";
import { EVENTS_PATH } from "./events/door.ts";
import { EXPLAIN_PATH } from "./explain/door.ts";
import { LAYERS_PATH } from "./layers/layer-urls.ts";
import { LIFECYCLE_PREVIEW_PATH } from "./lifecycle/door.ts";
import { registryMethods } from "./oci/router.ts";
import { USAGE_PATH } from "./usage/door.ts";
import { methodsOf, webhookPath } from "./webhooks/paths.ts";

const READ = ["GET", "HEAD", "OPTIONS"];

/** What `OPTIONS *` asks for: every method that some path has (RFC 9110 section 9.3.7). */
export const ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const METHODS: Readonly<Record<string, readonly string[]>> = {
  "/": ["GET", "HEAD", "POST", "OPTIONS"],
  "/healthz": READ,
  "/readyz": READ,
  "/metrics": READ,
  "/.well-known/jwks.json": READ,
  [EXPLAIN_PATH]: ["GET", "OPTIONS"],
  [EVENTS_PATH]: ["GET", "OPTIONS"],
  [USAGE_PATH]: ["GET", "OPTIONS"],
  [LIFECYCLE_PREVIEW_PATH]: ["GET", "OPTIONS"],
};

/** The methods of a path; undefined where nothing is. Tokens are handed out on bearer hosts alone. */
export function methodsAt(path: string, isBearerHost: boolean): readonly string[] | undefined {
  if (path === "*") return ALL_METHODS;
  if (path === TOKEN_PATH) return isBearerHost ? ["GET", "POST", "OPTIONS"] : undefined;
  if (path.startsWith(LAYERS_PATH)) return READ;
  if (Object.hasOwn(METHODS, path)) return METHODS[path];
  const webhook = webhookPath(path);
  return webhook === undefined ? registryMethods(path) : methodsOf(webhook);
}
