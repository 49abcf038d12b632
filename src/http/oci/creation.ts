import type { RepositoryName } from "../../registry/names.ts";
import type { Creation } from "../../registry/repositories/push-target.ts";
import type { OciDependencies, OciRequest } from "./request.ts";

/** Whether a push of this caller creates the repository that it misses: by configuration and by policy. */
export async function creationOf(
  { autoCreate }: OciDependencies,
  request: OciRequest,
  name: RepositoryName,
): Promise<Creation> {
  if (!autoCreate) return "off";
  return (await request.may("createRepository", name)) ? "allowed" : "denied";
}
