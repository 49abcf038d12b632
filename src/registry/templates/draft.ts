import { repositoryArn } from "../../iam/actions.ts";
import { parseLifecyclePolicy } from "../../lifecycle/parse-policy.ts";
import { RegistryError } from "../errors.ts";
import type { PolicyRules, TemplateDraft, TemplatePurpose } from "../ports/index.ts";
import { checkEncryption, type WantedEncryption } from "../repositories/encryption.ts";
import { type ResourceTag, readResourceTags } from "../repositories/resource-tags.ts";
import { checkSettings, DEFAULT_SETTINGS, type WantedSettings } from "../repositories/settings.ts";
import type { RegistryAddress } from "../scope.ts";
import { parseTemplatePrefix, pathOf } from "./prefix.ts";

/** What a caller says of a template: what is undefined is not said, and an empty text takes away what was said. */
export interface WantedTemplate extends Pick<WantedSettings, "tagMutability" | "exclusionFilters"> {
  readonly prefix: string;
  readonly description?: string | undefined;
  readonly appliedFor?: readonly TemplatePurpose[] | undefined;
  readonly encryption?: WantedEncryption | undefined;
  readonly tags?: readonly ResourceTag[] | undefined;
  readonly repositoryPolicy?: string | undefined;
  readonly lifecyclePolicy?: string | undefined;
  readonly customRoleArn?: string | undefined;
}

/**
 * A whole template.
 * @throws RegistryError TEMPLATE_PREFIX_INVALID, TEMPLATE_PURPOSE_MISSING, REPOSITORY_POLICY_INVALID,
 *   LIFECYCLE_POLICY_INVALID, and what the settings of repositories throw
 */
export async function draftTemplate(
  rules: PolicyRules,
  registry: RegistryAddress,
  wanted: WantedTemplate,
): Promise<TemplateDraft> {
  const prefix = parseTemplatePrefix(wanted.prefix);
  const given = await checkTemplate(rules, registry, wanted);
  return given({ ...NOTHING_SAID, prefix, appliedFor: purposesOf(wanted.appliedFor ?? []) });
}

/** What has been said, checked, to be put over what a template says. @throws RegistryError as {@link draftTemplate} */
export async function checkTemplate(
  rules: PolicyRules,
  registry: RegistryAddress,
  wanted: WantedTemplate,
): Promise<(template: TemplateDraft) => TemplateDraft> {
  const { tagMutability, exclusionFilters, encryption, tags, appliedFor } = wanted;
  const settings = checkSettings({ tagMutability, exclusionFilters });
  await checkPolicies(rules, registry, wanted);
  const said = {
    ...settings,
    ...(encryption !== undefined && { encryption: checkEncryption(withoutEmptyKey(encryption)) }),
    ...(tags !== undefined && { tags: readResourceTags(tags) }),
    ...(appliedFor !== undefined && { appliedFor: purposesOf(appliedFor) }),
  };
  return (template) => ({ ...template, ...said, ...textsOf(wanted, template) });
}

const NOTHING_SAID: Omit<TemplateDraft, "prefix" | "appliedFor"> = {
  tagMutability: DEFAULT_SETTINGS.tagMutability,
  exclusionFilters: DEFAULT_SETTINGS.exclusionFilters,
  encryption: { type: "AES256", kmsKey: undefined },
  tags: {},
  description: undefined,
  repositoryPolicy: undefined,
  lifecyclePolicy: undefined,
  customRoleArn: undefined,
};

type Texts = Pick<TemplateDraft, "description" | "repositoryPolicy" | "lifecyclePolicy" | "customRoleArn">;

function textsOf(wanted: WantedTemplate, before: Texts): Texts {
  const textOf = (name: keyof Texts): string | undefined => {
    const text = wanted[name] ?? before[name];
    return text === "" ? undefined : text;
  };
  return {
    description: textOf("description"),
    repositoryPolicy: textOf("repositoryPolicy"),
    lifecyclePolicy: textOf("lifecyclePolicy"),
    customRoleArn: textOf("customRoleArn"),
  };
}

/** The policy of a repository names no resource, or every one that the template makes. */
async function checkPolicies(
  rules: PolicyRules,
  { account, region }: RegistryAddress,
  { prefix, repositoryPolicy = "", lifecyclePolicy = "" }: WantedTemplate,
): Promise<void> {
  if (repositoryPolicy !== "") {
    const arn = repositoryArn(account, region, `${pathOf(prefix)}/*`);
    const problem = await rules.repositoryPolicyProblem(repositoryPolicy, arn);
    if (problem !== undefined) throw new RegistryError("REPOSITORY_POLICY_INVALID", problem);
  }
  if (lifecyclePolicy !== "") parseLifecyclePolicy(lifecyclePolicy);
}

function purposesOf(given: readonly TemplatePurpose[]): readonly TemplatePurpose[] {
  if (given.length === 0) {
    throw new RegistryError("TEMPLATE_PURPOSE_MISSING", "a template is for one purpose at least");
  }
  return [...new Set(given)];
}

function withoutEmptyKey({ type, kmsKey }: WantedEncryption) {
  return { type, kmsKey: kmsKey === "" ? undefined : kmsKey };
}
