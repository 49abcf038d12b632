import { createTemplate } from "../../../../registry/templates/templates.ts";
import type { EcrHandler } from "../../call.ts";
import type { EcrPorts } from "../ports.ts";
import { presentTemplate } from "../present-template.ts";
import { wantedTemplate } from "../template-input.ts";

export function createRepositoryCreationTemplate(
  ports: Pick<EcrPorts, "scopes" | "templates" | "policyRules" | "clock">,
): EcrHandler<"CreateRepositoryCreationTemplate"> {
  return async (call, input) => {
    await call.authorize("*");
    const template = await createTemplate(
      ports,
      await ports.scopes.open(call),
      wantedTemplate(input),
      call.cause(),
    );
    return { registryId: call.account, repositoryCreationTemplate: presentTemplate(template) };
  };
}
