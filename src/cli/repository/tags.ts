import { InvalidArgumentError } from "commander";
import type { RepositoryName } from "../../registry/names.ts";
import {
  type ResourceTag,
  readResourceTagKeys,
  readResourceTags,
} from "../../registry/repositories/resource-tags.ts";
import {
  listRepositoryTags,
  tagRepository,
  untagRepository,
} from "../../registry/repositories/tag-repository.ts";
import { type Io, writeJson } from "../io.ts";
import { causeOf, type Located } from "./registry.ts";

/** For an argument: `team=blue`; a value may be empty, and hold `=`. @throws InvalidArgumentError */
export function resourceTag(text: string, before: readonly ResourceTag[] = []): readonly ResourceTag[] {
  const equals = text.indexOf("=");
  if (equals < 0) throw new InvalidArgumentError("a tag is KEY=VALUE");
  return [...before, { key: text.slice(0, equals), value: text.slice(equals + 1) }];
}

/** Puts AWS tags over those that there are, and prints all of them. */
export async function tag(
  registry: Located,
  name: RepositoryName,
  tags: readonly ResourceTag[],
  io: Io,
): Promise<void> {
  const { scope } = registry;
  const cause = causeOf(scope, "ecr:TagResource", name);
  await tagRepository(registry, scope, name, readResourceTags(tags), cause);
  writeJson(io, await listRepositoryTags(registry, scope, name));
}

/** Takes AWS tags away, and prints those that are left. */
export async function untag(
  registry: Located,
  name: RepositoryName,
  keys: readonly string[],
  io: Io,
): Promise<void> {
  const { scope } = registry;
  const cause = causeOf(scope, "ecr:UntagResource", name);
  await untagRepository(registry, scope, name, readResourceTagKeys(keys), cause);
  writeJson(io, await listRepositoryTags(registry, scope, name));
}
