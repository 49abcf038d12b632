import { deleteTemplate } from "../../../../registry/templates/templates.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentTemplate } from "../present-template.ts";

/** Answers with the template as it was; what was created by it stays. */
export function deleteRepositoryCreationTemplate(
  ports: Pick<EcrPorts, "scopes" | "templates" | "clock">,
): EcrHandler<"DeleteRepositoryCreationTemplate"> {
  return async (call, { prefix }) => {
    await call.authorize("*");
    const template = await deleteTemplate(ports, await ports.scopes.open(call), prefix, call.cause());
    return { registryId: call.account, repositoryCreationTemplate: presentTemplate(template) };
  };
}
