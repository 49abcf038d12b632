import type { RegistryPorts, UploadAddress, UploadSession } from "../ports/index.ts";
import { repositoryUnknown } from "../repositories/errors.ts";
import { uploadUnknown } from "./upload-errors.ts";

/** The state of a session (distribution-spec end-13). @throws RegistryError NAME_UNKNOWN, BLOB_UPLOAD_UNKNOWN */
export async function findSession(
  { uploads }: Pick<RegistryPorts, "uploads">,
  address: UploadAddress,
): Promise<UploadSession> {
  const found = await uploads.find(address);
  if (!found.repository) throw repositoryUnknown(address.scope.account, address.name);
  if (found.session === undefined) throw uploadUnknown(address.id);
  return found.session;
}
