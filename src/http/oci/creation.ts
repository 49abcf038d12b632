import type { RepositoryName } from "../../registry/names.ts";
import type { PushCreation } from "../../registry/repositories/push-target.ts";
import type { OciDependencies, OciRequest } from "./request.ts";

/** Whether a push of this caller creates the repository that it misses: by configuration and by policy. */
export async function creationOf(
  { autoCreate }: OciDependencies,
  request: OciRequest,
  name: RepositoryName,
): Promise<PushCreation> {
  const may = await request.may("createRepository", name);
  if (!autoCreate) return may ? "by template" : "off";
  return may ? "allowed" : "denied";
}
