import type { Edit } from "../mutant.ts";
import { clauseEdits } from "./sql-clauses.ts";
import { CLAUSES, type Token, tokensOf } from "./sql-tokens.ts";

const OTHER_OPERATOR: Readonly<Record<string, string>> = {
  ...{ "=": "<>", "<>": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">" },
};
/** Clauses whose "=" gives a value. */
const ASSIGNS = new Set(["SET", "UPDATE", "RAISE", "USING"]);
const OTHER_WORD: Readonly<Record<string, string>> = {
  ...{ GREATEST: "least", LEAST: "greatest", MIN: "max", MAX: "min", TRUE: "false", FALSE: "true" },
};

/** The changes of one SQL text that a test should notice. Each leaves every parameter in its place, with its type. */
export function mutateSql(sql: string): readonly Edit[] {
  const tokens = tokensOf(sql);
  return [
    ...tokens.flatMap((_, at) => predicateEdits(sql, tokens, at)),
    ...tokens.flatMap((_, at) => wordEdits(tokens, at)),
    ...tokens.flatMap((_, at) => clauseEdits(sql, tokens, at)),
  ];
}

/** A predicate that always holds (after WHERE, ON and AND) or never does (after OR). */
function predicateEdits(sql: string, tokens: readonly Token[], at: number): readonly Edit[] {
  const { word, depth } = tokens[at] ?? { word: "", depth: 0 };
  const isConflict = word === "ON" && tokens[at + 1]?.word === "CONFLICT";
  if (!["WHERE", "ON", "AND", "OR"].includes(word) || isConflict || isBetween(tokens, at)) return [];
  const stop = tokens.findIndex((token, index) => index > at && endsPredicate(tokens, token, index, depth));
  const predicate = tokens.slice(at + 1, stop < 0 ? undefined : stop);
  const [first, last] = [predicate.at(0), predicate.at(-1)];
  if (first === undefined || last === undefined || first.word === "TRUE") return [];
  const dropped = word === "OR" ? "AND false" : "OR true";
  const replacement = `(${sql.slice(first.start, last.end)} ${dropped})`;
  return [{ start: first.start, end: last.end, replacement, kind: "predicate" }];
}

function endsPredicate(tokens: readonly Token[], token: Token, index: number, depth: number): boolean {
  if (token.depth < depth) return true;
  if (token.depth > depth) return false;
  if (token.word === "FROM" && tokens[index - 1]?.word === "DISTINCT") return false;
  const isJoint = (token.word === "AND" && !isBetween(tokens, index)) || token.word === "OR";
  return isJoint || token.word === "," || token.word === ";" || CLAUSES.has(token.word);
}

/** Whether an AND is that of a BETWEEN. */
function isBetween(tokens: readonly Token[], at: number): boolean {
  const depth = tokens[at]?.depth;
  const before = tokens.slice(0, at).filter((token) => token.depth === depth);
  return before.findLast(({ word }) => word === "AND" || word === "BETWEEN")?.word === "BETWEEN";
}

function wordEdits(tokens: readonly Token[], at: number): readonly Edit[] {
  const token = tokens[at];
  if (token === undefined) return [];
  const { word, start, end, clause } = token;
  const next = tokens[at + 1];
  const edit = (replacement: string, kind: string, to = end): readonly Edit[] => [
    { start, end: to, replacement, kind },
  ];
  if (word === "IS" && next?.word === "NULL") return edit("IS NOT", "null test");
  if (word === "IS" && next?.word === "NOT" && tokens[at + 2]?.word === "NULL")
    return edit("IS", "null test", next.end);
  if (word === "IS" && next?.word === "DISTINCT") return edit("IS NOT", "comparison");
  if (word === "NOT" && next?.word === "EXISTS") return edit("", "existence");
  if (word === "EXISTS" && tokens[at - 1]?.word !== "NOT") return edit("NOT EXISTS", "existence");
  const operator = OTHER_OPERATOR[word];
  if (operator !== undefined && !ASSIGNS.has(clause)) return edit(operator, "comparison");
  const other = OTHER_WORD[word];
  return other === undefined ? [] : edit(other, "value");
}
