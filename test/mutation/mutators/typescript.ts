import type { AnyNode, BinaryExpression, CallExpression, Expression, IfStatement, Literal } from "acorn";
import type { Edit } from "../mutant.ts";
import { type Visit, walk } from "./syntax.ts";

const OTHER_OPERATOR: Readonly<Record<string, string>> = {
  ...{ "<": "<=", "<=": "<", ">": ">=", ">=": ">", "===": "!==", "!==": "===" },
  ...{ "-": "+", "*": "/", "/": "*" },
};
const OTHER_METHOD: Readonly<Record<string, string>> = {
  ...{ some: "every", every: "some", startsWith: "endsWith", endsWith: "startsWith" },
  ...{ min: "max", max: "min", floor: "ceil", ceil: "floor" },
};
/** Calls whose answer is what they were called on, made different. */
const CHAINED = new Set(["filter", "sort", "toSorted", "reverse", "toLowerCase", "trim", "slice"]);

/** The changes of a parsed file that a test should notice. */
export function mutateTypeScript(text: string, program: AnyNode): readonly Edit[] {
  return [...walk(program)].flatMap((visit) => editsOf(text, visit));
}

function editsOf(text: string, { node, ancestors }: Visit): readonly Edit[] {
  switch (node.type) {
    case "IfStatement":
      return [...negated(text, node.test), ...withoutGuard(node)];
    case "ConditionalExpression":
      return negated(text, node.test);
    case "BinaryExpression":
      return otherOperator(text, node);
    case "LogicalExpression":
      return node.operator === "??"
        ? [only(text, node, node.left, "default"), only(text, node, node.right, "default")]
        : [
            between(
              text,
              node.left,
              node.right,
              node.operator,
              node.operator === "&&" ? "||" : "&&",
              "and/or",
            ),
          ];
    case "UnaryExpression":
      return node.operator === "!" ? [only(text, node, node.argument, "negation")] : [];
    case "ExpressionStatement":
      return isCall(node.expression) ? [{ ...spanOf(node), replacement: ";", kind: "call" }] : [];
    case "CallExpression":
      return otherCall(node);
    case "Literal":
      return isPause(node, ancestors[0]) ? [] : otherLiteral(node, ancestors[0]);
    default:
      return [];
  }
}

/** The opposite of a condition, unless its operator will be turned anyway. */
function negated(text: string, test: Expression): readonly Edit[] {
  const isTurned =
    (test.type === "BinaryExpression" && test.operator.endsWith("==")) || test.type === "UnaryExpression";
  return isTurned ? [] : [{ ...spanOf(test), replacement: `!(${textOf(text, test)})`, kind: "condition" }];
}

/** A statement that ends the function early, taken out. */
function withoutGuard(node: IfStatement): readonly Edit[] {
  if (node.alternate) return [];
  const { consequent } = node;
  const last = consequent.type === "BlockStatement" ? consequent.body.at(-1) : consequent;
  const leaves = ["ReturnStatement", "ThrowStatement", "ContinueStatement"].includes(last?.type ?? "");
  return leaves ? [{ ...spanOf(node), replacement: ";", kind: "guard" }] : [];
}

function otherOperator(text: string, { operator, left, right }: BinaryExpression): readonly Edit[] {
  const other = OTHER_OPERATOR[operator];
  return other === undefined ? [] : [between(text, left, right, operator, other, "comparison")];
}

function otherCall({ callee, end }: CallExpression): readonly Edit[] {
  if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") return [];
  const { property, object } = callee;
  const other = OTHER_METHOD[property.name];
  if (other !== undefined) return [{ ...spanOf(property), replacement: other, kind: "method" }];
  if (!CHAINED.has(property.name) || object.type === "Super") return [];
  return [{ start: object.end, end, replacement: "", kind: "chained call" }];
}

function otherLiteral(node: Literal, parent: AnyNode | undefined): readonly Edit[] {
  const { value } = node;
  // What is changed of a default is whether it stands in at all.
  if (parent?.type === "LogicalExpression" && parent.operator === "??") return [];
  const edit = (replacement: string): readonly Edit[] => [{ ...spanOf(node), replacement, kind: "literal" }];
  if (typeof value === "boolean") return edit(String(!value));
  if (typeof value === "number") return edit(String(value + 1));
  const decides = parent?.type === "BinaryExpression" || parent?.type === "SwitchCase";
  return typeof value === "string" && decides ? edit('"another"') : [];
}

/** `right` or `left` in the place of the whole. */
function only(text: string, whole: AnyNode, part: AnyNode, kind: string): Edit {
  return { ...spanOf(whole), replacement: `(${textOf(text, part)})`, kind };
}

/** The operator between two operands, found where parentheses may stand around them. */
function between(
  text: string,
  left: AnyNode,
  right: AnyNode,
  operator: string,
  replacement: string,
  kind: string,
): Edit {
  const start = left.end + text.slice(left.end, right.start).indexOf(operator);
  return { start, end: start + operator.length, replacement, kind };
}

/** How long is slept: no test measures time. */
function isPause(node: Literal, parent: AnyNode | undefined): boolean {
  if (parent?.type !== "CallExpression" || typeof node.value !== "number") return false;
  return (
    parent.callee.type === "Identifier" && ["sleep", "setTimeout", "setInterval"].includes(parent.callee.name)
  );
}

function isCall(node: Expression): boolean {
  return node.type === "AwaitExpression"
    ? node.argument.type === "CallExpression"
    : node.type === "CallExpression";
}

function spanOf({ start, end }: AnyNode): { start: number; end: number } {
  return { start, end };
}

function textOf(text: string, { start, end }: AnyNode): string {
  return text.slice(start, end);
}
