import { stripTypeScriptTypes } from "node:module";
import { type AnyNode, parse } from "acorn";

/** A node with those that it stands in, innermost first. */
export interface Visit {
  readonly node: AnyNode;
  readonly ancestors: readonly AnyNode[];
}

/** The syntax tree of a file, with offsets into the text as it is written: types become spaces. */
export function parseTypeScript(text: string): AnyNode {
  return parse(stripTypeScriptTypes(text), { ecmaVersion: "latest", sourceType: "module" });
}

/** Every node below `node`, itself first. */
export function* walk(node: AnyNode, ancestors: readonly AnyNode[] = []): Generator<Visit> {
  yield { node, ancestors };
  const inside = [node, ...ancestors];
  for (const child of Object.values(node).flat()) if (isNode(child)) yield* walk(child, inside);
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
