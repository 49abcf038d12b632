import { updateTemplate } from "../../../../registry/templates/templates.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentTemplate } from "../present-template.ts";
import { wantedTemplate } from "../template-input.ts";

export function updateRepositoryCreationTemplate(
  ports: Pick<EcrPorts, "scopes" | "templates" | "policyRules" | "clock">,
): EcrHandler<"UpdateRepositoryCreationTemplate"> {
  return async (call, input) => {
    await call.authorize("*");
    const template = await updateTemplate(
      ports,
      await ports.scopes.open(call),
      wantedTemplate(input),
      call.cause(),
    );
    return { registryId: call.account, repositoryCreationTemplate: presentTemplate(template) };
  };
}
