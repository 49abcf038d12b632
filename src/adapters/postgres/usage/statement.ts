import type { Statement } from "../statement.ts";

// $1 registry, $2 and $3 the first name and the one behind the last ('' for none), $4 the unit, which goes by the smallest
// id of its repositories: numbers are grouped faster than names.
const SCOPE = `named AS (
  SELECT id, CASE WHEN $4 = 'repository' THEN name WHEN name LIKE '%/%' THEN split_part(name, '/', 1) ELSE '' END AS name
  FROM repositories WHERE registry_id = $1 AND deleted_at IS NULL AND name >= $2 AND ($3 = '' OR name < $3)),
scope AS MATERIALIZED (SELECT id, name, min(id) OVER (PARTITION BY name) AS unit FROM named)`;

// What was pushed or pulled since $6, with what it lists and what refers to it.
const FRESH = `fresh AS (
  SELECT m.repository_id, m.id, m.digest FROM scope s JOIN manifests m ON m.repository_id = s.id
    LEFT JOIN image_pulls p ON p.repository_id = m.repository_id AND p.manifest_id = m.id
    WHERE m.pushed_at >= $6 OR p.pulled_at >= $6
  UNION
  SELECT n.* FROM fresh f CROSS JOIN LATERAL (
    SELECT i.repository_id, i.id, i.digest FROM manifest_children c
      JOIN manifests i ON i.repository_id = c.repository_id AND i.id = c.child_id
      WHERE c.repository_id = f.repository_id AND c.manifest_id = f.id
    UNION ALL
    SELECT r.repository_id, r.id, r.digest FROM manifests r
      WHERE r.repository_id = f.repository_id AND r.subject_digest = f.digest) AS n)`;

const IMAGES_OF_ANY_AGE = `images AS (
  SELECT s.unit, m.repository_id, m.id, false AS stale FROM scope s JOIN manifests m ON m.repository_id = s.id)`;
const IMAGES = `images AS (
  SELECT s.unit, m.repository_id, m.id, f.id IS NULL AS stale FROM scope s JOIN manifests m ON m.repository_id = s.id
    LEFT JOIN fresh f ON f.repository_id = m.repository_id AND f.id = m.id)`;

// How many images of a repository have a blob, and whether any of them is (not) stale.
const REFERENCES = `refs AS (
  SELECT e.repository_id, e.blob_id, count(*)::integer AS images, bool_or(i.stale) AS stale,
    bool_or(NOT i.stale) AS fresh
  FROM (
    SELECT e.repository_id, e.manifest_id, e.blob_id FROM scope s JOIN manifest_blobs e ON e.repository_id = s.id
      WHERE e.blob_id IS NOT NULL
    UNION SELECT e.repository_id, e.manifest_id, e.blob_id FROM scope s
      JOIN manifest_children e ON e.repository_id = s.id WHERE e.blob_id IS NOT NULL) AS e
  JOIN images i ON i.repository_id = e.repository_id AND i.id = e.manifest_id
  GROUP BY e.repository_id, e.blob_id)`;

// What no image names (yet) is kept by its repository.
const HELD = `held AS (
  SELECT s.unit, l.blob_id, coalesce(sum(r.images), 0)::integer AS images, coalesce(bool_or(r.stale), false) AS stale,
    bool_or(coalesce(r.fresh, true)) AS kept
  FROM scope s JOIN repository_blobs l ON l.repository_id = s.id
    LEFT JOIN refs r ON r.repository_id = l.repository_id AND r.blob_id = l.blob_id
  GROUP BY s.unit, l.blob_id)`;

// `outside`: a repository that is not looked at has it too.
const CONTENT = `content AS MATERIALIZED (
  SELECT h.blob_id, b.size::double precision AS size, count(*) AS units, sum(h.images)::double precision AS images, bool_or(h.stale) AS stale,
    bool_or(h.kept) AS kept, $3 <> '' AND EXISTS (SELECT FROM repository_blobs o
      WHERE o.blob_id = h.blob_id AND o.repository_id NOT IN (SELECT id FROM scope)) AS outside
  FROM held h JOIN blobs b ON b.id = h.blob_id GROUP BY h.blob_id, b.size)`;

/** SQL: sums over blobs, of which `blob` says what holds them and `alone` whether nothing else does. */
function sums(blob: string, alone: string): string {
  const sum = (what: string, condition = "true"): string =>
    `coalesce(sum(${what}) FILTER (WHERE ${condition}), 0)`;
  return `${sum("c.size")} AS bytes,
    ${sum(`(${blob}.images - 1) * c.size`, `${blob}.images > 0`)} AS saved,
    ${sum("c.size", alone)} AS own,
    ${sum("c.size", `${blob}.stale`)} AS unpulled,
    ${sum("c.size", `${blob}.stale AND NOT ${blob}.kept AND ${alone}`)} AS reclaimable`;
}

const LINES = `lines AS (
  SELECT u.name, u.repositories, coalesce(i.images, 0) AS images, coalesce(i.stale, 0) AS stale,
    coalesce(s.bytes, 0) AS bytes, coalesce(s.saved, 0) AS saved, coalesce(s.own, 0) AS own,
    coalesce(s.unpulled, 0) AS unpulled, coalesce(s.reclaimable, 0) AS reclaimable
  FROM (SELECT unit, name, count(*) AS repositories FROM scope GROUP BY unit, name) AS u
    LEFT JOIN (SELECT unit, count(*) AS images, count(*) FILTER (WHERE stale) AS stale FROM images GROUP BY unit) AS i
      ON i.unit = u.unit
    LEFT JOIN (SELECT h.unit, ${sums("h", "(c.units = 1 AND NOT c.outside)")}
      FROM held h JOIN content c ON c.blob_id = h.blob_id GROUP BY h.unit) AS s ON s.unit = u.unit)`;

// The total is the row without a name; $5 the number of lines.
const REPORT = `SELECT NULL AS name, l.*, t.* FROM (
    SELECT coalesce(sum(repositories), 0)::double precision AS repositories,
      coalesce(sum(images), 0)::double precision AS images, coalesce(sum(stale), 0)::double precision AS stale
    FROM lines) AS l,
    (SELECT ${sums("c", "(NOT c.outside)")} FROM content c) AS t
  UNION ALL
  (SELECT name, repositories, images, stale, bytes, saved, own, unpulled, reclaimable FROM lines
    ORDER BY bytes DESC, name LIMIT $5)`;

function statement(name: string, images: readonly string[]): Statement {
  const parts = [SCOPE, ...images, REFERENCES, HELD, CONTENT, LINES];
  return { name, text: `WITH RECURSIVE ${parts.join(",\n")}\n${REPORT}` };
}

/** What repositories hold. */
export const USAGE = statement("usage", [IMAGES_OF_ANY_AGE]);
/** The same, with what nobody pulled or pushed since $6. */
export const USAGE_UNPULLED = statement("usage_unpulled", [FRESH, IMAGES]);
