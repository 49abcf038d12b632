/** A node of a plan as EXPLAIN (FORMAT JSON) has it. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Filter?: string;
  readonly "Plan Rows": number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows that may be sorted before the first of them is used. */
const SORTED_MAX = 2_500;

/** Tables of which a repository may have very many rows. */
const MANY =
  /^(?:gc_\w+_queue|image_pulls|lifecycle_preview_results|manifests|manifest_\w+|repository_blobs|tags|tag_history)$/;
/** A condition that all rows of a repository meet. */
const WHOLE = /^\(?repository_id = [\w$.]+\)?$/;

type IsLarge = (table: string) => boolean;

/** What a plan reads beyond what it is asked for: tables as a whole, indexes from their beginning, rows to be sorted. */
export function scansOf(plan: PlanNode, isLarge: IsLarge, isLimited = false): readonly string[] {
  const own = ownScan(plan, isLarge, isLimited);
  const limits = isLimited || plan["Node Type"] === "Limit";
  const below = (plan.Plans ?? []).flatMap((node) => scansOf(node, isLarge, limits));
  return own === undefined ? below : [own, ...below];
}

/** A limit ends the scan of a repository where every row counts, and does not where they are filtered. */
function ownScan(node: PlanNode, isLarge: IsLarge, isLimited: boolean): string | undefined {
  const {
    "Node Type": type,
    "Relation Name": table = "",
    "Index Name": index,
    "Index Cond": condition,
  } = node;
  if (type === "Sort" && (node.Plans?.[0]?.["Plan Rows"] ?? 0) > SORTED_MAX) return "sorts very many rows";
  if (!isLarge(table)) return undefined;
  if (type === "Seq Scan") return `reads all of ${table}`;
  if (index !== undefined && condition === undefined) return `reads ${index} from its beginning`;
  const ends = isLimited && node.Filter === undefined;
  if (!ends && condition !== undefined && MANY.test(table) && WHOLE.test(condition)) {
    return `reads all that ${table} has of a repository`;
  }
  return undefined;
}
