import { createHash, randomBytes } from "node:crypto";
import type { Cause } from "../../audit/cause.ts";
import type { MasterKey } from "../master-key.ts";
import { newSecret } from "../principals/access-keys.ts";
import { IamError } from "../principals/errors.ts";
import { newAccessKeyId } from "../principals/unique-ids.ts";
import type { NewSession, SessionStore } from "./session.ts";

/** Temporary credentials in the hands of their owner: shown once. */
export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

/** Bytes of a session token: it is looked up by the key that comes with it, so it only has to be unguessable. */
const TOKEN_BYTES = 96;

/**
 * Makes temporary credentials. The secret is kept encrypted, since it signs requests; the token as a hash.
 * @throws IamError AccessDeniedException when the role or the key was deleted in the meantime
 */
export async function issueSession(
  store: SessionStore,
  masterKey: MasterKey,
  session: Omit<NewSession, "accessKeyId" | "sealed" | "tokenHash">,
  cause: Cause,
): Promise<TemporaryCredentials> {
  const accessKeyId = newAccessKeyId("ASIA");
  const secretAccessKey = newSecret();
  const sessionToken = randomBytes(TOKEN_BYTES).toString("base64url");
  const sealed = masterKey.seal(secretAccessKey, accessKeyId);
  const made = { ...session, accessKeyId, sealed, tokenHash: hashToken(sessionToken) };
  if (!(await store.insert(made, cause))) {
    throw new IamError("AccessDeniedException", "What this session rests on was deleted while it was made");
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: session.expiresAt };
}

export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
