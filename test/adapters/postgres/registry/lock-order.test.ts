import { afterAll, beforeEach, expect, test } from "vitest";
import { parseRepositoryName } from "../../../../src/registry/names.ts";
import { draftRepository } from "../../../../src/registry/repositories/create.ts";
import { lockWaits } from "../../../support/barrier.ts";
import { CAUSE } from "../../../support/cause.ts";
import { rowsOf } from "../../../support/rows.ts";
import { openScopes } from "./scene.ts";

const scene = await openScopes();
afterAll(() => scene.close());
beforeEach(() => scene.reset());
const { database, policies, repositories, resourceTags, here, create, clock } = scene;

const name = parseRepositoryName("app");
const tagged = { name: "tagged", tags: [{ key: "team", value: "a" }] };
const byTemplate = { ...draftRepository({ name: "by-template" }), provisional: true };
const at = (): Date => clock.now();

const CHANGES = {
  "set policy": () => policies.setOfRepository(here, name, "{}", CAUSE, at()),
  "delete policy": () => policies.deleteOfRepository(here, name, CAUSE, at()),
  "set registry policy": () => policies.setOfRegistry(here, "{}", CAUSE, at()),
  "delete registry policy": () => policies.deleteOfRegistry(here, CAUSE, at()),
  "tag repository": () => resourceTags.change(here, name, () => ({ team: "a" }), CAUSE, at()),
  "delete repository": () => repositories.delete(here, name, { force: false, cause: CAUSE, at: at() }),
  "create the same": () => repositories.create(here, draftRepository({ name }), CAUSE, at()),
  "create with tags": () => repositories.create(here, draftRepository(tagged), CAUSE, at()),
  "create by a template": () =>
    repositories.createWithPolicies(
      here,
      byTemplate,
      { repositoryPolicy: "{}", lifecyclePolicy: undefined },
      CAUSE,
      at(),
    ),
};
type Change = keyof typeof CHANGES;

const BOTH_WAYS = (table: string, one: Change, other: Change): [string, Change, Change][] => [
  [table, one, other],
  [table, other, one],
];

// Whoever took them in another order would wait for the other, and the other for them.
test.each([
  ...BOTH_WAYS("accounts", "set policy", "delete policy"),
  ...BOTH_WAYS("accounts", "set policy", "tag repository"),
  ...BOTH_WAYS("accounts", "set policy", "delete repository"),
  ...BOTH_WAYS("accounts", "delete policy", "delete repository"),
  ...BOTH_WAYS("accounts", "set registry policy", "delete registry policy"),
  ...BOTH_WAYS("accounts", "create by a template", "create with tags"),
  ...BOTH_WAYS("accounts", "create by a template", "delete repository"),
  ...BOTH_WAYS("registries", "create the same", "delete repository"),
])("while %s are held, %s and then %s wait, and both come through at once", async (table, first, second) => {
  await create(here, "app");
  await CHANGES["set policy"]();
  await CHANGES["set registry policy"]();
  await rowsOf({ database }, "UPDATE repositories SET provisional = true");
  const { transactionRetries } = database.statistics();
  const changes: Promise<unknown>[] = [];
  await database.transaction(async (tx) => {
    await tx.query({ name: `test_hold_${table}`, text: `SELECT FROM ${table} FOR NO KEY UPDATE` }, []);
    for (const change of [first, second]) {
      changes.push(CHANGES[change]());
      await lockWaits({ database }, changes.length);
    }
  });
  await Promise.all(changes);
  expect(database.statistics().transactionRetries).toBe(transactionRetries);
});
