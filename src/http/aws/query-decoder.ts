import { type ServiceModel, type Shape, shapeOf } from "../../aws-models/model.ts";
import type { Parameters } from "../../kernel/parameters.ts";
import { AwsError } from "./aws-error.ts";

/** A form's parameters as a tree, by the dots in their names: `Tags.member.1.Key`. */
interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

/** No shape nests deeper; what does is not a parameter of any operation. */
const DEPTH_MAX = 16;

/**
 * The parameters of a Query call as the model types them ("AWS Query protocol", Smithy): lists by `member.N`, or by `N`
 * where the model flattens them, maps by `entry.N.key` and `entry.N.value`. Unknown parameters are left out.
 * @throws AwsError SerializationException (MalformedInput to clients)
 */
export function decodeQuery(model: ServiceModel, shapeName: string, parameters: Parameters): unknown {
  return decodeStructure(model, shapeOf(model, shapeName), treeOf(parameters), "");
}

function treeOf(parameters: Parameters): Node {
  const root: Node = { children: new Map() };
  for (const [name, value] of parameters) {
    const parts = name.split(".", DEPTH_MAX + 1);
    if (parts.length > DEPTH_MAX) continue;
    let node = root;
    for (const part of parts) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.value ??= value;
  }
  return root;
}

function decodeStructure(model: ServiceModel, shape: Shape, node: Node, path: string): unknown {
  const entries = Object.entries(shape.members ?? {}).flatMap(([name, memberShape]) => {
    const child = node.children.get(name);
    return child === undefined ? [] : [[name, decode(model, memberShape, child, join(path, name))] as const];
  });
  return Object.fromEntries(entries);
}

function decode(model: ServiceModel, shapeName: string, node: Node, path: string): unknown {
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case "structure":
      return decodeStructure(model, shape, node, path);
    case "list":
      return positions(shape.flattened === true ? node : node.children.get("member")).map((element, index) =>
        decode(model, shape.member ?? "", element, `${path}.member.${index + 1}`),
      );
    case "map":
      return Object.fromEntries(
        positions(shape.flattened === true ? node : node.children.get("entry")).map((entry) => [
          entry.children.get("key")?.value ?? "",
          decode(model, shape.value ?? "", entry.children.get("value") ?? { children: new Map() }, path),
        ]),
      );
    default:
      return decodeText(shape, node.value ?? "", path);
  }
}

/** Children by number, in order. Gaps close up, as AWS closes them. */
function positions(node: Node | undefined): readonly Node[] {
  if (node === undefined) return [];
  return [...node.children]
    .filter(([name]) => /^[1-9]\d{0,8}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}

function decodeText(shape: Shape, text: string, path: string): unknown {
  switch (shape.type) {
    case "boolean":
      if (text !== "true" && text !== "false") throw malformed(`The value at ${path} is no boolean`);
      return text === "true";
    case "integer":
    case "long":
      return decodeNumber(text, /^[-+]?\d{1,15}$/, path);
    case "double":
      return decodeNumber(text, /^[-+]?\d{1,15}(?:\.\d{1,15})?$/, path);
    case "timestamp":
      return decodeTimestamp(text, path);
    case "blob":
      return Buffer.from(text, "base64");
    default:
      return text;
  }
}

function decodeNumber(text: string, form: RegExp, path: string): number {
  if (!form.test(text)) throw malformed(`The value at ${path} is no number`);
  return Number(text);
}

function decodeTimestamp(text: string, path: string): Date {
  const isIso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[-+]\d{2}:\d{2})$/.test(text);
  const date = new Date(isIso ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) throw malformed(`The value at ${path} is no ISO 8601 date`);
  return date;
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function malformed(message: string): AwsError {
  return new AwsError("SerializationException", message);
}
