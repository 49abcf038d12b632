import { parseTypeScript, type Visit, walk } from "../mutators/syntax.ts";
import { namedFunctions } from "./functions.ts";

/**
 * The functions of a file that use a constant of it, themselves or by another constant or an object made with it: of
 * those around a use the innermost.
 */
export function usersOf(file: string, text: string, constant: string): ReadonlySet<string> {
  const uses = [...walk(parseTypeScript(text))].filter(({ node }) => node.type === "Identifier");
  const idAt = new Map(namedFunctions(file, text).map(({ id, start }) => [start, id]));
  const names = new Set([constant]);
  const found = new Set<string>();
  for (const name of names)
    for (const use of uses) {
      if (use.node.type !== "Identifier" || use.node.name !== name) continue;
      const { id, by } = userOf(use, idAt);
      if (id !== undefined) found.add(id);
      if (by !== undefined) names.add(by);
    }
  return found;
}

interface User {
  /** The innermost function around a use. */
  readonly id?: string | undefined;
  /** A constant, or an object, that is made with what is used: whoever uses that counts. */
  readonly by?: string | undefined;
}

function userOf({ node: used, ancestors }: Visit, idAt: ReadonlyMap<number, string>): User {
  let by: string | undefined;
  for (const node of ancestors) {
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier") {
      if (node.id === used) return {};
      by ??= node.id.name;
      if (node.init?.type === "NewExpression") return { by };
    }
    const id = node.type.includes("Function") ? idAt.get(node.start) : undefined;
    if (id !== undefined) return { id };
  }
  return { by };
}
