import { RegistryError } from "./errors.ts";

/** A repository name that follows the grammar of the distribution specification. Made by {@link parseRepositoryName}. */
export type RepositoryName = string & { readonly __brand: "RepositoryName" };
/** A tag. Made by {@link parseTag}. */
export type Tag = string & { readonly __brand: "Tag" };

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** ECR's bound (CreateRepository), which is also what hosts and names of 255 characters leave to a name. */
const NAME_MAX = 256;

/** distribution-spec "Pulling manifests": the grammar of `<name>`. @throws RegistryError NAME_INVALID */
export function parseRepositoryName(text: string): RepositoryName {
  if (text.length > NAME_MAX) {
    throw nameInvalid(text, `a repository name has at most ${NAME_MAX} characters`);
  }
  // Component by component: the grammar as one expression backtracks badly on hostile input.
  if (!text.split("/").every((component) => COMPONENT.test(component))) {
    throw nameInvalid(
      text,
      "components of lower-case letters and digits, joined inside by one '.', '_', '__' or dashes, and parted by '/'",
    );
  }
  return text as RepositoryName;
}

/** distribution-spec "Pulling manifests": the grammar of a tag. @throws RegistryError TAG_INVALID */
export function parseTag(text: string): Tag {
  if (!TAG.test(text)) {
    const rule = "a tag has 1 to 128 letters, digits, '_', '.', '-' and does not begin with '.' or '-'";
    throw new RegistryError("TAG_INVALID", `invalid tag ${show(text)}: ${rule}`, {
      detail: { tag: cut(text), rule },
    });
  }
  return text as Tag;
}

function nameInvalid(text: string, rule: string): RegistryError {
  return new RegistryError("NAME_INVALID", `invalid repository name ${show(text)}: ${rule}`, {
    detail: { name: cut(text), rule },
  });
}

function cut(text: string): string {
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}

function show(text: string): string {
  return JSON.stringify(cut(text));
}
