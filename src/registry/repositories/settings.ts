import type { Cause } from "../../audit/cause.ts";
import { RegistryError } from "../errors.ts";
import type { RepositoryName } from "../names.ts";
import type { RegistryPorts, Repository, RepositorySettings } from "../ports/index.ts";
import type { Scope } from "../scope.ts";
import { repositoryUnknown } from "./errors.ts";

export const DEFAULT_SETTINGS: RepositorySettings = {
  ...{ sparse: false, tagMutability: "MUTABLE", exclusionFilters: [], scanOnPush: false },
};

/** Some settings as a caller names them: what is undefined is not said. */
export type WantedSettings = {
  readonly [Name in keyof RepositorySettings]?: RepositorySettings[Name] | undefined;
};

const FILTERS_MAX = 5;
const FILTER = /^[0-9a-zA-Z._*-]{1,128}$/;

/**
 * What is said, without what is not. Filters belong to a mutability `…_WITH_EXCLUSION`, which needs them: whoever names
 * one names the other. @throws RegistryError EXCLUSION_FILTERS_MISSING, EXCLUSION_FILTERS_UNWANTED, EXCLUSION_FILTERS_INVALID
 */
export function checkSettings(wanted: WantedSettings): Partial<RepositorySettings> {
  const said: Partial<RepositorySettings> = Object.fromEntries(
    Object.entries(wanted).filter(([, value]) => value !== undefined),
  );
  const { tagMutability, exclusionFilters } = said;
  if (tagMutability === undefined && exclusionFilters === undefined) return said;
  const mutability = tagMutability ?? DEFAULT_SETTINGS.tagMutability;
  const takesFilters = mutability.endsWith("_WITH_EXCLUSION");
  const filters = exclusionFilters ?? [];
  if (takesFilters && filters.length === 0) {
    throw new RegistryError("EXCLUSION_FILTERS_MISSING", `${mutability} needs exclusion filters`, {
      detail: { mutability },
    });
  }
  if (!takesFilters && filters.length > 0) {
    throw new RegistryError("EXCLUSION_FILTERS_UNWANTED", `${mutability} takes no exclusion filters`, {
      detail: { mutability },
    });
  }
  checkFilters(filters);
  return { ...said, tagMutability: mutability, exclusionFilters: filters };
}

function checkFilters(filters: readonly string[]): void {
  const wrong = filters.find((filter) => !FILTER.test(filter));
  if (wrong === undefined && filters.length <= FILTERS_MAX) return;
  const said =
    wrong === undefined
      ? `there may be ${FILTERS_MAX} exclusion filters; ${filters.length} were given`
      : `an exclusion filter has 1 to 128 letters, digits, '.', '_', '-' and '*', not ${JSON.stringify(wrong.slice(0, 128))}`;
  throw new RegistryError("EXCLUSION_FILTERS_INVALID", said);
}

/** Changes what is said and nothing else. @throws RegistryError NAME_UNKNOWN, and as {@link checkSettings} */
export async function changeSettings(
  { repositories, clock }: Pick<RegistryPorts, "repositories" | "clock">,
  scope: Scope,
  name: RepositoryName,
  wanted: WantedSettings,
  cause: Cause,
): Promise<Repository> {
  const changed = await repositories.change(scope, name, checkSettings(wanted), cause, clock.now());
  if (changed === undefined) throw repositoryUnknown(scope.account, name);
  return changed;
}
