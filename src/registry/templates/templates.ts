import type { Cause } from "../../audit/cause.ts";
import type { Page, PageRequest } from "../../kernel/page.ts";
import type { Clock } from "../clock.ts";
import { cutPage } from "../pages.ts";
import type { PolicyRules, RepositoryTemplate, TemplateStore } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { checkTemplate, draftTemplate, type WantedTemplate } from "./draft.ts";
import { templateExists, templatesTooMany, templateUnknown } from "./errors.ts";
import { parseTemplatePrefix } from "./prefix.ts";

/** What repository creation templates are kept with. */
export interface TemplatePorts {
  readonly templates: TemplateStore;
  readonly policyRules: PolicyRules;
  readonly clock: Clock;
}

/** Templates of a registry, at most. */
export const TEMPLATES_MAX = 100;

/** @throws RegistryError TEMPLATE_EXISTS, TEMPLATES_TOO_MANY, and as {@link draftTemplate} */
export async function createTemplate(
  { templates, policyRules, clock }: TemplatePorts,
  scope: Scope,
  wanted: WantedTemplate,
  cause: Cause,
): Promise<RepositoryTemplate> {
  const draft = await draftTemplate(policyRules, scope, wanted);
  const created = await templates.create(scope, draft, TEMPLATES_MAX, cause, clock.now());
  if (created === "exists") throw templateExists(scope.account, draft.prefix);
  if (created === "too many") throw templatesTooMany(TEMPLATES_MAX);
  return created;
}

/** Changes what is said and nothing else. @throws RegistryError TEMPLATE_UNKNOWN, and as {@link draftTemplate} */
export async function updateTemplate(
  { templates, policyRules, clock }: TemplatePorts,
  scope: Scope,
  wanted: WantedTemplate,
  cause: Cause,
): Promise<RepositoryTemplate> {
  const prefix = parseTemplatePrefix(wanted.prefix);
  const change = await checkTemplate(policyRules, scope, wanted);
  const updated = await templates.change(scope, prefix, change, cause, clock.now());
  if (updated === undefined) throw templateUnknown(scope.account, prefix);
  return updated;
}

/** Gives the template as it was. @throws RegistryError TEMPLATE_PREFIX_INVALID, TEMPLATE_UNKNOWN */
export async function deleteTemplate(
  { templates, clock }: Omit<TemplatePorts, "policyRules">,
  scope: Scope,
  text: string,
  cause: Cause,
): Promise<RepositoryTemplate> {
  const prefix = parseTemplatePrefix(text);
  const deleted = await templates.delete(scope, prefix, cause, clock.now());
  if (deleted === undefined) throw templateUnknown(scope.account, prefix);
  return deleted;
}

/** By the paths of their prefixes, `ROOT` first. */
export async function pageTemplates(
  { templates }: Pick<TemplatePorts, "templates">,
  scope: Scope,
  { after, limit }: PageRequest,
): Promise<Page<RepositoryTemplate, string>> {
  const read = await templates.page(scope, after, limit + 1);
  const { next } = cutPage(
    read.map(({ prefix }) => prefix),
    limit,
  );
  return { items: read.slice(0, limit), next };
}
