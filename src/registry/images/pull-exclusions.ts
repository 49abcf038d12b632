import type { Cause } from "../../audit/cause.ts";
import type { Page, PageRequest } from "../../kernel/page.ts";
import type { Clock } from "../clock.ts";
import { RegistryError } from "../errors.ts";
import { cutPage } from "../pages.ts";
import type { PullStore } from "../ports/index.ts";
import type { Scope } from "../scope.ts";

/** Principals that a registry may exclude ("Amazon ECR service quotas"). */
export const EXCLUSIONS_MAX = 100;

interface Ports {
  readonly pulls: Omit<PullStore, "record">;
  readonly clock: Clock;
}

/** Says since when. @throws RegistryError EXCLUSION_EXISTS, EXCLUSIONS_TOO_MANY */
export async function excludePuller(
  { pulls, clock }: Ports,
  scope: Scope,
  principalArn: string,
  cause: Cause,
): Promise<Date> {
  const since = await pulls.exclude(scope, principalArn, EXCLUSIONS_MAX, cause, clock.now());
  if (since === "exists") {
    throw new RegistryError("EXCLUSION_EXISTS", `The principal '${principalArn}' is excluded already`);
  }
  if (since === "too many") {
    throw new RegistryError(
      "EXCLUSIONS_TOO_MANY",
      `A registry excludes at most ${EXCLUSIONS_MAX} principals`,
    );
  }
  return since;
}

/** @throws RegistryError EXCLUSION_UNKNOWN */
export async function includePuller(
  { pulls, clock }: Ports,
  scope: Scope,
  principalArn: string,
  cause: Cause,
): Promise<void> {
  if (!(await pulls.include(scope, principalArn, cause, clock.now()))) {
    throw new RegistryError("EXCLUSION_UNKNOWN", `The principal '${principalArn}' is not excluded`);
  }
}

/** ARNs in byte order. */
export async function listExcludedPullers(
  { pulls }: Pick<Ports, "pulls">,
  scope: Scope,
  { after, limit }: PageRequest,
): Promise<Page<string>> {
  return cutPage(await pulls.excluded(scope, after, limit + 1), limit);
}
