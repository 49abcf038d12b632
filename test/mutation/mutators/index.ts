import type { AnyNode } from "acorn";
import { apply, type Edit } from "../mutant.ts";
import { currentFunctions } from "./current-functions.ts";
import { mutateSql } from "./sql.ts";
import { parseTypeScript, walk } from "./syntax.ts";
import { mutateTypeScript } from "./typescript.ts";

const IS_SQL = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|JOIN|EXISTS|FROM|ORDER BY) /;

/** Every change of one file that the run may try; of a migration, those of the functions that are in force. */
export function mutationsOf(file: string, text: string): readonly Edit[] {
  if (file.endsWith(".sql"))
    return currentFunctions(file, text).flatMap(({ start, body }) => moved(mutateSql(body), start));
  const program = parseTypeScript(text);
  const all = [...mutateTypeScript(text, program), ...sqlTexts(text, program)];
  return all.filter((edit) => apply(text, edit) !== text && parses(apply(text, edit)));
}

/** The changes of the SQL that stands between quotes and backticks. What is put into it counts as a name. */
function sqlTexts(text: string, program: AnyNode): readonly Edit[] {
  return [...walk(program)].flatMap(({ node }) => {
    const isText =
      node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node.value === "string");
    if (!isText) return [];
    const written = [...text.slice(node.start + 1, node.end - 1)];
    const names = node.type === "TemplateLiteral" ? node.expressions : [];
    const sql = names.reduce((masked, { start, end }) => {
      const from = start - node.start - 3;
      return masked.fill("x", from, end - node.start);
    }, written);
    const masked = sql.join("");
    return IS_SQL.test(masked) ? moved(unmasked(text, node, mutateSql(masked), masked), node.start + 1) : [];
  });
}

/** Replacements that repeat a part of the masked text, with the part as it is written. */
function unmasked(text: string, node: AnyNode, edits: readonly Edit[], masked: string): readonly Edit[] {
  const written = text.slice(node.start + 1, node.end - 1);
  return edits.map((edit) => {
    const part = masked.slice(edit.start, edit.end);
    const replacement = edit.replacement.replace(part, () => written.slice(edit.start, edit.end));
    return { ...edit, replacement };
  });
}

function moved(edits: readonly Edit[], by: number): readonly Edit[] {
  return edits.map((edit) => ({ ...edit, start: edit.start + by, end: edit.end + by }));
}

function parses(text: string): boolean {
  try {
    parseTypeScript(text);
    return true;
  } catch {
    return false;
  }
}
