import { expect, test } from "vitest";
import type { UsageQuery, UsageReport, UsageStore } from "../../src/registry/ports/usage-store.ts";
import type { RegistryId, Scope } from "../../src/registry/scope.ts";
import { UsageReports } from "../../src/registry/usage/reports.ts";

const scope: Scope = { id: 1 as unknown as RegistryId, account: "000000000000", region: "us-east-1" };
const QUERY: UsageQuery = { by: "repository", namespace: undefined, unpulledSince: undefined, limit: 1 };
const FIGURES = { repositories: 0, images: 0, bytes: 0, savedBytes: 0, ownBytes: 0, unpulled: undefined };
const REPORT: UsageReport = { total: FIGURES, lines: [], isCut: false };

test("reports are made one after another, also after one that failed, and ten may wait", async () => {
  const begun: PromiseWithResolvers<UsageReport>[] = [];
  const store: UsageStore = {
    report() {
      const report = Promise.withResolvers<UsageReport>();
      begun.push(report);
      return report.promise;
    },
  };
  const reports = new UsageReports(store);
  const asked = Array.from({ length: 11 }, () => reports.report(scope, QUERY));
  await expect(reports.report(scope, QUERY)).rejects.toMatchObject({
    ...{ reason: "TOOMANYREQUESTS", facts: { retryAfter: 30 } },
  });
  expect(begun).toHaveLength(1);
  const failed = expect(asked[0]).rejects.toThrow("away");
  begun[0]?.reject(new Error("the database is away"));
  await failed;
  for (const [at, each] of asked.slice(1).entries()) {
    await expect.poll(() => begun.length).toBe(at + 2);
    begun[at + 1]?.resolve(REPORT);
    expect(await each).toBe(REPORT);
  }
  const last = reports.report(scope, QUERY);
  await expect.poll(() => begun.length).toBe(12);
  begun[11]?.resolve(REPORT);
  expect(await last).toBe(REPORT);
});
