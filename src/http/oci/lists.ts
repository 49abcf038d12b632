import type { PageRequest } from "../../kernel/page.ts";
import type { Parameters } from "../../kernel/parameters.ts";
import { parseDigest } from "../../registry/digest.ts";
import { listReferrers } from "../../registry/manifests/referrers.ts";
import { listTags } from "../../registry/manifests/tags.ts";
import { OCI_INDEX } from "../../registry/media-types.ts";
import { parseRepositoryName } from "../../registry/names.ts";
import { PAGE_MAX } from "../../registry/pages.ts";
import { listRepositories } from "../../registry/repositories/describe.ts";
import { json, type Outcome } from "../outcome.ts";
import { Refusal } from "../refusal.ts";
import type { OciDependencies, OciRequest } from "./request.ts";

/** GET tags/list (distribution-spec end-8). */
export async function getTags(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  await request.authorize("listTags", name);
  const page = pageOf(request.query);
  const { items: names, next } = await listTags(ports, request.scope, name, page);
  return json(
    200,
    { name, tags: names },
    link(request, `/v2/${name}/tags/list`, { n: page.limit, last: next }),
  );
}

/**
 * GET _catalog: the repositories of the account that the caller may describe, each by itself. A page may be shorter than
 * asked for, and a link leads on. Who sees none at all must be allowed to describe all.
 */
export async function getCatalog({ ports, cursors }: OciDependencies, request: OciRequest): Promise<Outcome> {
  const { scope } = request;
  const { limit, after: cursor } = pageOf(request.query);
  const last = cursors.open(scope, cursor);
  if (last === undefined) {
    throw new Refusal("PAGINATION_NUMBER_INVALID", "last is neither a name nor from a link of this list");
  }
  const { items: names, next } = await listRepositories(ports, scope, { limit, after: last }, (asked) =>
    request.visible(asked),
  );
  if (names.length === 0 && next === undefined && last === "") await request.authorize("listRepositories");
  const isShown = next === undefined || names.at(-1) === next;
  const after = isShown ? next : cursors.seal(scope, next);
  return json(200, { repositories: names }, link(request, "/v2/_catalog", { n: limit, last: after }));
}

/** GET referrers (end-12). */
export async function getReferrers(
  { ports }: OciDependencies,
  request: OciRequest,
  [nameText = "", digestText = ""]: readonly string[],
): Promise<Outcome> {
  const name = parseRepositoryName(nameText);
  const subject = parseDigest(digestText);
  await request.authorize("listReferrers", name);
  const artifactType = request.query.get("artifactType") || undefined;
  const n = request.query.has("n") ? pageOf(request.query).limit : Number.POSITIVE_INFINITY;
  const after = cursor(request.query.get("last"));
  const { index, next } = await listReferrers(ports, request.scope, name, {
    subject,
    artifactType,
    after,
    n,
  });
  return {
    status: 200,
    headers: {
      "Content-Type": OCI_INDEX,
      "Content-Length": index.length,
      ...(artifactType === undefined ? {} : { "OCI-Filters-Applied": "artifactType" }),
      ...link(request, `/v2/${name}/referrers/${subject}`, {
        artifactType,
        n: Number.isFinite(n) ? n : undefined,
        last: next,
      }),
    },
    body: index,
  };
}

function pageOf(query: Parameters): PageRequest {
  const n = query.get("n");
  const last = query.get("last") ?? "";
  if (n === null) return { limit: PAGE_MAX, after: last };
  if (!/^\d{1,15}$/.test(n)) {
    throw new Refusal(
      "PAGINATION_NUMBER_INVALID",
      `n must be a number, not ${JSON.stringify(n.slice(0, 40))}`,
    );
  }
  return { limit: Math.min(Number(n), PAGE_MAX), after: last };
}

function cursor(last: string | null): number {
  return last !== null && /^\d{1,15}$/.test(last) ? Number(last) : 0;
}

/** `Link` to the next page (RFC 8288), absent at the end. */
function link(
  request: OciRequest,
  path: string,
  parameters: Readonly<Record<string, string | number | undefined>>,
): Readonly<Record<string, string>> {
  if (parameters["last"] === undefined) return {};
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters))
    if (value !== undefined) query.set(key, String(value));
  // Blanks as any query has them: a plus sign stands for itself here.
  const text = String(query).replaceAll("+", "%20");
  return { Link: `<${request.locate(path)}?${text}>; rel="next"` };
}
