import type { AnyNode } from "acorn";
import type { Edit } from "../mutant.ts";
import { parseTypeScript, walk } from "../mutators/syntax.ts";

/** A function with a name, from its first character to its last. */
export interface NamedFunction {
  /** The name that it has among those of its file; functions of one name count as one. */
  readonly id: string;
  readonly start: number;
  readonly end: number;
  readonly body: AnyNode;
}

/** The functions of a file that have a name of their own, or that of what holds them. */
export function namedFunctions(file: string, text: string): readonly NamedFunction[] {
  return [...walk(parseTypeScript(text))].flatMap(({ node, ancestors: [parent] }) => {
    const body = bodyOf(node);
    const name = nameOf(node) ?? (parent && nameOf(parent));
    if (body === undefined || name === undefined) return [];
    return [{ id: `${file}#${name}`, start: node.start, end: node.end, body }];
  });
}

/** The edits that let a file say which of its functions are called. Lines stay where they are. */
export function callMarks(functions: readonly NamedFunction[]): readonly Edit[] {
  return functions.flatMap(({ id, body: { type, start, end } }) => {
    const mark = `globalThis.__reached?.add(${JSON.stringify(id)})`;
    const kind = "mark";
    if (type === "BlockStatement")
      return [{ start: start + 1, end: start + 1, replacement: `${mark};`, kind }];
    return [
      { start, end: start, replacement: `(${mark}, `, kind },
      { start: end, end, replacement: ")", kind },
    ];
  });
}

function bodyOf(node: AnyNode): AnyNode | undefined {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return node.body;
    default:
      return undefined;
  }
}

function nameOf(node: AnyNode): string | undefined {
  const named = "id" in node ? node.id : "key" in node ? node.key : undefined;
  return named && (named.type === "Identifier" || named.type === "PrivateIdentifier")
    ? named.name
    : undefined;
}
