import type { Query } from "./explainer.ts";

/** What is asked, as it was written. */
export interface WrittenQuery {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** `KEY=VALUE` each. */
  readonly context: readonly string[];
}

/** A question that is none; the message begins with the name of the part that is wrong. */
export class QueryError extends Error {
  override readonly name = "QueryError";
}

/** @throws QueryError */
export function parseQuery({ principal, action, resource, context }: WrittenQuery): Query {
  if (!/^[\w-]+:\w+$/.test(action)) throw new QueryError(`action must be like ecr:PutImage, not ${action}`);
  if (resource !== "*" && !/^arn:[^:]+:[^:]+:[^:]*:[^:]*:.+$/.test(resource)) {
    throw new QueryError(`resource must be an ARN or *, not ${resource}`);
  }
  return { principal, action, resource, conditions: parseConditions(context) };
}

/** @throws QueryError */
export function parseDecisionId(id: string): string {
  if (!/^[0-9a-z-]{1,64}$/.test(id))
    throw new QueryError(`id must be the id of a request, not ${id.slice(0, 80)}`);
  return id;
}

function parseConditions(entries: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const conditions = new Map<string, string[]>();
  for (const entry of entries) {
    const mark = entry.indexOf("=");
    const key = entry.slice(0, Math.max(mark, 0)).toLowerCase();
    if (!/^[^:]+:.+$/.test(key)) throw new QueryError(`context must be KEY=VALUE, not ${entry}`);
    conditions.set(key, [...(conditions.get(key) ?? []), entry.slice(mark + 1)]);
  }
  return Object.fromEntries(conditions);
}
