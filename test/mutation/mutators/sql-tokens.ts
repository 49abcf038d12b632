/** A token of SQL, its clause and how deep in parentheses it stands. */
export interface Token {
  /** As written; words in upper case. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
  readonly depth: number;
  /** The keyword that the token's part of its statement began with. */
  readonly clause: string;
}

const TOKEN =
  /--[^\n]*|'(?:[^']|'')*'|\$\d+|\$[a-z_]*\$|[A-Za-z_][\w.]*|\d+(?:\.\d+)?|:=|=>|<=|>=|<>|!=|::|\|\||->>?|[<>=@&?]+|[^\s]/g;
/** Words that begin a part of a statement, or of an expression. */
export const CLAUSES = new Set(
  `SELECT FROM WHERE ON HAVING SET VALUES RETURNING GROUP ORDER LIMIT OFFSET FOR UNION JOIN LEFT CROSS USING WINDOW
  INSERT UPDATE DELETE WITH WHEN THEN ELSE END IF ELSIF DO CASE LOOP RETURN AS RAISE PERFORM INTO BEGIN ASC DESC`.split(
    /\s+/,
  ),
);

/** The tokens of a text without its comments. */
export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  let clauses: string[] = [""];
  let cases: string[] = [];
  for (const { 0: written, index } of sql.matchAll(TOKEN)) {
    if (written.startsWith("--")) continue;
    const word = /^[A-Za-z_]/.test(written) ? written.toUpperCase() : written;
    if (word === ")") clauses = clauses.slice(0, -1);
    const clause = clauses.at(-1) ?? "";
    if (word === "CASE") cases = [...cases, clause];
    const isClause = CLAUSES.has(word) && !(word === "FROM" && tokens.at(-1)?.word === "DISTINCT");
    const next = word === "END" ? (cases.at(-1) ?? "") : word === ";" ? "" : isClause ? word : clause;
    if (word === "END") cases = cases.slice(0, -1);
    clauses = [...clauses.slice(0, -1), next];
    tokens.push({ word, start: index, end: index + written.length, depth: clauses.length, clause: next });
    if (word === "(") clauses = [...clauses, ""];
  }
  return tokens;
}
