import { RegistryError } from "../errors.ts";
import { parseRepositoryName, type RepositoryName } from "../names.ts";
import type { RepositoryTemplate, TemplatePurpose } from "../ports/index.ts";

/** The prefix of the template for repositories that no other one covers. */
export const ROOT = "ROOT";

/**
 * ECR's `Prefix`: a name of a repository, perhaps with a `/` at its end, or `ROOT`.
 * @throws RegistryError TEMPLATE_PREFIX_INVALID
 */
export function parseTemplatePrefix(text: string): string {
  if (text === ROOT) return text;
  try {
    parseRepositoryName(pathOf(text));
    return text;
  } catch (error) {
    throw new RegistryError("TEMPLATE_PREFIX_INVALID", (error as Error).message, { cause: error });
  }
}

/** What prefixes are compared by. */
export function pathOf(prefix: string): string {
  return prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
}

/** Prefixes of the templates that could cover a repository, the longest first: a prefix ends where a `/` begins. */
export function prefixesOf(name: RepositoryName): readonly string[] {
  const components = name.split("/").slice(0, -1);
  const paths = components.map((_, index) => components.slice(0, index + 1).join("/"));
  return [...paths.reverse(), ROOT];
}

/** Of templates that cover a repository, the one that applies: the longest that is meant for the purpose. */
export function chooseTemplate<Template extends Pick<RepositoryTemplate, "prefix" | "appliedFor">>(
  covering: readonly Template[],
  purpose: TemplatePurpose,
): Template | undefined {
  const lengthOf = ({ prefix }: Template): number => (prefix === ROOT ? 0 : pathOf(prefix).length);
  return covering
    .filter(({ appliedFor }) => appliedFor.includes(purpose))
    .reduce<Template | undefined>(
      (longest, each) => (longest !== undefined && lengthOf(longest) > lengthOf(each) ? longest : each),
      undefined,
    );
}
