import type { Edit } from "../mutant.ts";
import type { Token } from "./sql-tokens.ts";

const LOCK = /^FOR (NO KEY UPDATE|KEY SHARE|UPDATE|SHARE)( OF \w+(, \w+)*)?( SKIP LOCKED| NOWAIT)?/i;

/** Changes of whole parts of a statement: its order, its limit, its locks, its conflicts, its joins. */
export function clauseEdits(sql: string, tokens: readonly Token[], at: number): readonly Edit[] {
  const token = tokens[at];
  if (token === undefined) return [];
  const next = tokens[at + 1];
  switch (token.word) {
    case "ORDER":
      return order(sql, tokens, at);
    case "LIMIT":
      return next === undefined
        ? []
        : [{ start: next.start, end: next.start, replacement: "1 + ", kind: "limit" }];
    case "FOR":
      return lock(sql, token);
    case "CONFLICT":
      return conflict(tokens, at);
    case "COALESCE":
      return swapped(sql, tokens, at);
    case "DISTINCT":
      return tokens[at - 1]?.word === "SELECT" && next?.word !== "ON"
        ? [empty(token, token, "distinct")]
        : [];
    case "LEFT":
      return next?.word === "JOIN" ? [empty(token, token, "join")] : [];
    case "IF":
    case "ELSIF":
      return condition(sql, tokens, at);
    case "PERFORM":
      return call(tokens, at);
    default:
      return [];
  }
}

function order(sql: string, tokens: readonly Token[], at: number): readonly Edit[] {
  const items = partFrom(tokens, at + 2, [
    "LIMIT",
    "OFFSET",
    "FOR",
    "ON",
    "RETURNING",
    "UNION",
    "ROWS",
    "INTO",
    "LOOP",
  ]);
  const [by, last] = [tokens[at], items.at(-1)];
  if (by === undefined || last === undefined) return [];
  const comma = items.findIndex(({ word, depth }) => word === "," && depth === by.depth);
  const end = (comma < 0 ? last : items[comma - 1]) ?? last;
  const turned =
    end.word === "DESC"
      ? { start: end.start, end: end.end, replacement: "ASC" }
      : { start: end.word === "ASC" ? end.start : end.end, end: end.end, replacement: " DESC" };
  const kept = sql.slice(by.start, last.end).includes("NULLS");
  return kept ? [empty(by, last, "order")] : [empty(by, last, "order"), { ...turned, kind: "order" }];
}

/** ON CONFLICT taken out where nothing is done, and nothing done where something was. */
function conflict(tokens: readonly Token[], at: number): readonly Edit[] {
  const action = tokens.findIndex(({ word }, index) => index > at && word === "DO");
  const [on, from, what] = [tokens[at - 1], tokens[action], tokens[action + 1]];
  if (on === undefined || from === undefined || what === undefined) return [];
  if (what.word === "NOTHING") return [empty(on, what, "conflict")];
  const last = partFrom(tokens, action, ["RETURNING", "SELECT"]).at(-1) ?? what;
  return [{ start: from.start, end: last.end, replacement: "DO NOTHING", kind: "conflict" }];
}

function swapped(sql: string, tokens: readonly Token[], at: number): readonly Edit[] {
  const inside = partFrom(tokens, at + 2, []);
  const comma = inside.findIndex(({ word, depth }) => word === "," && depth === inside[0]?.depth);
  const [first, end, second, last] = [inside[0], inside[comma - 1], inside[comma + 1], inside.at(-1)];
  if (!first || !end || !second || !last) return [];
  const replacement = `${sql.slice(second.start, last.end)}, ${sql.slice(first.start, end.end)}`;
  return [{ start: first.start, end: last.end, replacement, kind: "coalesce" }];
}

/** The condition of a branch of PL/pgSQL, negated. */
function condition(sql: string, tokens: readonly Token[], at: number): readonly Edit[] {
  const then = tokens.findIndex(({ word }, index) => index > at && word === "THEN");
  const [first, last] = [tokens[at + 1], tokens[then - 1]];
  if (tokens[at - 1]?.word === "END" || first === undefined || last === undefined) return [];
  const replacement = `NOT coalesce((${sql.slice(first.start, last.end)}), false)`;
  return [{ start: first.start, end: last.end, replacement, kind: "condition" }];
}

function lock(sql: string, { start }: Token): readonly Edit[] {
  const [written] = sql.slice(start).match(LOCK) ?? [];
  return written === undefined ? [] : [{ start, end: start + written.length, replacement: "", kind: "lock" }];
}

/** What PL/pgSQL does for its effect alone, not done. */
function call(tokens: readonly Token[], at: number): readonly Edit[] {
  const part = partFrom(tokens, at, []);
  const [first, last] = [part.at(0), part.at(-1)];
  return first && last ? [{ start: first.start, end: last.end, replacement: "NULL", kind: "call" }] : [];
}

/** The tokens from `at` to the end of their statement or parentheses, or to one of `ends` at their depth. */
function partFrom(tokens: readonly Token[], at: number, ends: readonly string[]): readonly Token[] {
  const depth = tokens[at]?.depth ?? 0;
  const stop = tokens.findIndex(
    ({ word, depth: d }, index) =>
      index > at && (d < depth || (d === depth && (word === ";" || ends.includes(word)))),
  );
  return tokens.slice(at, stop < 0 ? undefined : stop);
}

function empty(from: Token, to: Token, kind: string): Edit {
  return { start: from.start, end: to.end, replacement: "", kind };
}
