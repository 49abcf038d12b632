import type { EcrApi } from "../ecr-api/client.ts";
import { shortDigest } from "../images/progress.ts";
import type { Io } from "../io.ts";
import type { OwnApi } from "../own-api/client.ts";
import { formatAge } from "../tables/age.ts";
import { formatSize } from "../tables/size.ts";
import { tableOf } from "../tables/table.ts";

/** What a run of a policy would do, for programs. */
export interface Preview {
  readonly policy: string;
  /** Images that would be deleted. */
  readonly expiring: number;
  /** Images that would be archived, where that had an effect. */
  readonly transitioning: number;
  /** What storage would get back. */
  readonly bytes: number;
  /** In the order in which they would go. */
  readonly images: readonly {
    readonly digest: string;
    readonly tags: readonly string[];
    /** ISO 8601. */
    readonly pushedAt: string;
    readonly action: "expire" | "transition";
    /** The priority of the rule. */
    readonly rule: number;
    readonly reason: string;
  }[];
}

interface Page extends Preview {
  readonly status: "IN_PROGRESS" | "COMPLETE" | "FAILED" | "EXPIRED";
  readonly next: number | null;
}

/** Images of a page. */
const PAGE = 1_000;

/** Makes a preview of `text`, or of the stored policy, and reads all of it. @throws Error where it came to nothing */
export async function makePreview(
  ecr: EcrApi,
  own: OwnApi,
  repositoryName: string,
  text: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Preview> {
  await ecr.call("StartLifecyclePolicyPreview", {
    ...{ repositoryName, ...(text === undefined ? {} : { lifecyclePolicyText: text }) },
  });
  const images: Preview["images"][number][] = [];
  for (let after: number | undefined; ; ) {
    const query = new URLSearchParams({ repository: repositoryName, limit: String(PAGE) });
    if (after !== undefined) query.set("after", String(after));
    const path = `/v1/lifecycle/preview?${query}`;
    const page = (await own.call({ method: "GET", path }, signal)) as Page;
    if (page.status !== "COMPLETE") throw new Error(unfinished(page.status));
    images.push(...page.images);
    const { policy, expiring, transitioning, bytes } = page;
    if (page.next === null) return { policy, expiring, transitioning, bytes, images };
    after = page.next;
  }
}

function unfinished(status: Page["status"]): string {
  return status === "FAILED"
    ? "the preview failed: the repository holds too much, or the policy cannot be read"
    : "somebody else began another preview meanwhile";
}

/** A preview, for people. */
export function renderPreview(io: Io, preview: Preview, now: Date): string {
  const { expiring, transitioning, bytes, images } = preview;
  const archived = transitioning === 0 ? "" : `; ${transitioning} would be archived, which has no effect`;
  const said = `${expiring} of its manifests would go, and ${formatSize(bytes)} come back${archived}\n`;
  if (images.length === 0) return said;
  const rows = images.map(({ digest, tags, pushedAt, rule, action, reason }) => [
    ...[shortDigest(digest), String(rule), action, formatAge(new Date(pushedAt), now)],
    ...[tags.slice(0, 5).join(", ") + (tags.length > 5 ? " and more" : ""), reason],
  ]);
  const columns = [
    ...[{ title: "DIGEST" }, { title: "RULE", right: true }, { title: "ACTION" }],
    ...[{ title: "PUSHED", right: true }, { title: "TAGS" }, { title: "WHY" }],
  ];
  return `${tableOf(io, columns, rows)}${said}`;
}
