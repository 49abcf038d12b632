import { type Command, Option } from "commander";
import type { Repository } from "../../registry/ports/index.ts";
import type { WantedSettings } from "../../registry/repositories/settings.ts";
import { UsageError } from "../command-line.ts";
import type { RegistryOptions } from "./registry.ts";

/** Settings as options. */
export interface SettingOptions extends RegistryOptions {
  readonly sparse?: "on" | "off";
  readonly tags?: "mutable" | "immutable";
  readonly except?: readonly string[];
}

/** Adds the options of {@link SettingOptions}. */
export function addSettings(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--sparse <on|off>",
        "whether manifests may name content that the repository does not have",
      ).choices(["on", "off"]),
    )
    .addOption(
      new Option("--tags <mutable|immutable>", "whether a tag may point at another manifest later").choices([
        "mutable",
        "immutable",
      ]),
    )
    .option(
      "--except <wildcard>",
      "with --tags: tags for which the opposite holds, such as 'dev-*'; may be given 5 times",
      (wildcard: string, before: readonly string[] = []) => [...before, wildcard],
    );
}

/** @throws UsageError */
export function settingsOf({ sparse, tags, except = [] }: SettingOptions): WantedSettings {
  if (tags === undefined && except.length > 0) throw new UsageError("--except needs --tags");
  return {
    ...(sparse === undefined ? {} : { sparse: sparse === "on" }),
    ...(tags === undefined ? {} : mutabilityOf(tags, except)),
  };
}

function mutabilityOf(tags: "mutable" | "immutable", except: readonly string[]): WantedSettings {
  const mutability = tags === "mutable" ? "MUTABLE" : "IMMUTABLE";
  if (except.length === 0) return { tagMutability: mutability };
  return { tagMutability: `${mutability}_WITH_EXCLUSION`, exclusionFilters: except };
}

/** A repository as commands print it. */
export function shown({ name, sparse, tagMutability, exclusionFilters, createdAt }: Repository) {
  return {
    name,
    sparse: sparse ? "on" : "off",
    tags: tagMutability.startsWith("IMMUTABLE") ? "immutable" : "mutable",
    ...(exclusionFilters.length === 0 ? {} : { except: exclusionFilters }),
    created: createdAt.toISOString(),
  };
}
