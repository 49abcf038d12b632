import { afterAll, beforeAll, describe, test } from "vitest";
import { startTestBerth } from "../support/berth.ts";
import { createRepository } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { expectTurns } from "./cost.ts";
import { signedJson } from "./signed.ts";

const berth = await startTestBerth();
afterAll(() => berth.stop());

const IMAGES = 100;
const TAGS = 1_000;
const digestOf = (number: number): string => `sha256:${number.toString(16).padStart(64, "0")}`;

beforeAll(async () => {
  for (const name of ["app", "exempt"]) await createRepository(berth, name);
  await rowsOf(
    berth,
    `WITH made AS (INSERT INTO manifests (repository_id, digest, media_type, size, payload, pushed_at, pushed_by)
      SELECT r.id, '\\x01'::bytea || decode(lpad(to_hex(n), 64, '0'), 'hex'), 'a/b', 2, '{}', now(), 'x'
      FROM repositories r, generate_series(1, ${IMAGES}) AS n WHERE r.name = 'app' OR n = 1
      RETURNING repository_id, id)
    INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
      SELECT made.repository_id, rpad(made.id || '-' || n, 128, 'x'), made.id, nextval('tag_revisions'), now()
      FROM made JOIN repositories r ON r.id = made.repository_id,
        generate_series(1, CASE r.name WHEN 'app' THEN ${TAGS} ELSE 100000 END) AS n`,
  );
  await rowsOf(berth, "ANALYZE tags");
}, 60_000);

describe("an answer about images of as many tags as there may be", () => {
  const imageIds = Array.from({ length: IMAGES }, (_, at) => ({ imageDigest: digestOf(at + 1) }));
  const app = { repositoryName: "app" };
  const exempt = { repositoryName: "exempt" };
  test.each([
    ["a hundred of them", "DescribeImages", { ...app, imageIds }],
    ["a page of them", "DescribeImages", { ...app, maxResults: 1_000 }],
    ["a page of one with more", "DescribeImages", exempt],
    ["one with more", "DescribeImages", { ...exempt, imageIds: imageIds.slice(0, 1) }],
    ["entries", "ListImages", { ...app, maxResults: 1_000 }],
    ["entries of one with more", "ListImages", { ...exempt, maxResults: 1_000 }],
  ])("keeps nobody waiting: %s", (name, operation, input) =>
    expectTurns(berth, {
      ...{ name, limit: 1 },
      request: () => signedJson(operation, JSON.stringify(input)),
    }),
  );
});
