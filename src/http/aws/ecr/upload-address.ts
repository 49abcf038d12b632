import { parseRepositoryName } from "../../../registry/names.ts";
import type { UploadAddress } from "../../../registry/ports/index.ts";
import type { AwsCall } from "../call.ts";
import type { EcrPorts } from "./ports.ts";
import { arnIn, registryOf } from "./registry.ts";

/** The upload that a call is about, once the call has been allowed. @throws AwsError AccessDeniedException; RegistryError */
export async function uploadAddress(
  { scopes }: Pick<EcrPorts, "scopes">,
  call: AwsCall,
  input: {
    readonly registryId?: string | undefined;
    readonly repositoryName: string;
    readonly uploadId: string;
  },
): Promise<UploadAddress> {
  const registry = registryOf(call, input);
  const name = parseRepositoryName(input.repositoryName);
  await call.authorize(arnIn(registry, name));
  const scope = await scopes.open(registry);
  return { scope, name, id: input.uploadId.toLowerCase(), principal: call.principal.arn };
}
