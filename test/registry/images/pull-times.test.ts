import { expect, test } from "vitest";
import { PullTimes, pullerOf } from "../../../src/registry/images/pull-times.ts";
import type { Pull, RepositoryId } from "../../../src/registry/ports/index.ts";
import { digestOfText } from "../../support/manifests.ts";

const START = Date.parse("2030-01-01T00:00:00Z");
const HOUR = 3_600_000;

function pulling(): { pull(more?: Partial<Pull>): void; recorded(): Promise<readonly Pull[]> } {
  const recorded: Pull[] = [];
  const store = { record: async (pulls: readonly Pull[]) => void recorded.push(...pulls) };
  const times = new PullTimes(store, { onFailure: () => undefined, schedule: () => () => undefined });
  return {
    pull: (more = {}) =>
      times.note({
        ...{ repositoryId: 1 as RepositoryId, digest: digestOfText("a"), byTag: true },
        ...{ principal: "somebody", at: new Date(START), ...more },
      }),
    async recorded() {
      await times.writer.flush();
      return recorded.splice(0);
    },
  };
}

test("an image is recorded once an hour, however often it is pulled", async () => {
  const { pull, recorded } = pulling();
  for (const later of [0, 1, HOUR - 1]) pull({ at: new Date(START + later) });
  expect(await recorded()).toHaveLength(1);
  pull({ at: new Date(START + HOUR - 1) });
  expect(await recorded()).toEqual([]);
  pull({ at: new Date(START + HOUR) });
  expect(await recorded()).toMatchObject([{ at: new Date(START + HOUR) }]);
});

test("another image, repository, principal or way to name it is another record", async () => {
  const { pull, recorded } = pulling();
  pull();
  pull({ digest: digestOfText("b") });
  pull({ repositoryId: 2 as RepositoryId });
  pull({ principal: "another" });
  pull({ byTag: false });
  expect(await recorded()).toHaveLength(5);
});

test("a role pulls by any of its sessions", () => {
  const proven = { accessKeyId: "AKIA", account: "000000000000" };
  const [arn, role] = [
    "arn:aws:sts::000000000000:assumed-role/ci/run",
    "arn:aws:iam::000000000000:role/x/ci",
  ];
  const session = { ...proven, kind: "session", arn, role, uniqueId: "AROA", roleName: "ci" } as const;
  expect(pullerOf({ ...session, sessionName: "run" })).toBe(role);
  expect(pullerOf({ ...proven, kind: "root", arn: "arn:aws:iam::000000000000:root" })).toBe(
    "arn:aws:iam::000000000000:root",
  );
  expect(pullerOf({ kind: "anonymous" })).toBe("anonymous");
});
