import { expect } from "vitest";
import { postgresAccounts } from "../../../../src/adapters/postgres/iam/index.ts";
import { postgresPolicies } from "../../../../src/adapters/postgres/policies.ts";
import { postgresRegistries } from "../../../../src/adapters/postgres/registries.ts";
import { postgresRepositories } from "../../../../src/adapters/postgres/repositories.ts";
import { postgresResourceTags } from "../../../../src/adapters/postgres/resource-tags.ts";
import { parseRepositoryName } from "../../../../src/registry/names.ts";
import type { Repository } from "../../../../src/registry/ports/index.ts";
import { draftRepository, type WantedRepository } from "../../../../src/registry/repositories/create.ts";
import type { Scope } from "../../../../src/registry/scope.ts";
import { Scopes } from "../../../../src/registry/scopes.ts";
import { makeTestHome, openTestState } from "../../../support/berth.ts";
import { CAUSE } from "../../../support/cause.ts";
import { ManualClock } from "../../../support/clock.ts";
import { rowsOf } from "../../../support/rows.ts";

export const ACCOUNTS = ["111111111111", "222222222222"] as const;
export const REGIONS = ["eu-north-1", "us-west-2"] as const;

/** Two accounts with a registry in each of two regions, in which repositories have the same names. */
export async function openScopes() {
  const home = await makeTestHome();
  const clock = new ManualClock();
  const state = await openTestState(home, clock);
  const { database } = state;
  const registries = postgresRegistries(database);
  const scopes: Scope[] = [];
  for (const id of ACCOUNTS) {
    await postgresAccounts(database).create({ id, name: undefined }, REGIONS[0], CAUSE, clock.now());
    for (const region of REGIONS)
      scopes.push(await new Scopes(registries, ["*"]).open({ account: id, region }));
  }
  const [here, ...elsewhere] = scopes;
  if (here === undefined) throw new Error("no scope");
  const repositories = postgresRepositories(database);
  const create = async (
    scope: Scope,
    name: string,
    more: Partial<WantedRepository> = {},
  ): Promise<Repository> => {
    const made = await repositories.create(scope, draftRepository({ name, ...more }), CAUSE, clock.now());
    expect(made.created).toBe(true);
    return made.repository;
  };
  const provide = async (scope: Scope, name: string): Promise<Repository> => {
    const draft = { ...draftRepository({ name }), provisional: true };
    return (await repositories.create(scope, draft, CAUSE, clock.now())).repository;
  };
  return {
    /** A repository as a push makes it, which nothing is put into. */
    provide,
    ...{ database, clock, registries, repositories, policies: postgresPolicies(database), create },
    resourceTags: postgresResourceTags(database),
    ...{ here, elsewhere, scopes },
    /** Puts a manifest into a repository. */
    async fill({ id }: Repository): Promise<void> {
      await rowsOf(
        { database },
        `INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
          VALUES (${id}, '\\x01', 'x/y', 0, '', '2026-01-01', 'test')`,
      );
    },
    async reset(): Promise<void> {
      await rowsOf({ database }, "TRUNCATE repositories, registry_policies, audit_log CASCADE");
      await rowsOf(
        { database },
        "UPDATE registries SET repositories = 0, blob_mounting = DEFAULT, basic_scan_type_version = DEFAULT",
      );
    },
    async close(): Promise<void> {
      await state.close();
      await home.remove();
    },
  };
}

export const name = parseRepositoryName;
