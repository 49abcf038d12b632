import { type ServiceModel, type Shape, shapeOf } from "../../aws-models/model.ts";

type Members = Readonly<Record<string, unknown>>;

/** The members of an output as the Query protocol writes them, without the element around them. */
export function toXml(model: ServiceModel, shapeName: string, value: unknown): string {
  return membersOf(model, shapeOf(model, shapeName), value as Members);
}

function membersOf(model: ServiceModel, shape: Shape, value: Members): string {
  return Object.entries(shape.members ?? {})
    .map(([name, memberShape]) => {
      const member = value[name];
      return member === undefined || member === null ? "" : element(model, memberShape, name, member);
    })
    .join("");
}

function element(model: ServiceModel, shapeName: string, name: string, value: unknown): string {
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case "structure":
      return tag(name, membersOf(model, shape, value as Members));
    case "list": {
      const flat = shape.flattened === true;
      const elements = (value as readonly unknown[])
        .map((entry) => element(model, shape.member ?? "", flat ? name : "member", entry))
        .join("");
      return flat ? elements : tag(name, elements);
    }
    case "map": {
      const flat = shape.flattened === true;
      const entries = Object.entries(value as Members)
        .map(([key, entry]) =>
          tag(
            flat ? name : "entry",
            tag("key", escapeXml(key)) + element(model, shape.value ?? "", "value", entry),
          ),
        )
        .join("");
      return flat ? entries : tag(name, entries);
    }
    default:
      return tag(name, escapeXml(textOf(value)));
  }
}

function textOf(value: unknown): string {
  if (value instanceof Date) return `${value.toISOString().slice(0, 19)}Z`;
  if (Buffer.isBuffer(value)) return value.toString("base64");
  return String(value);
}

export function tag(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "\r": "&#xD;",
};

/** XML 1.0 has no way to write most control characters and no surrogates: they become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"'\r]/g, (character) => ENTITIES[character] ?? character)
    .replaceAll(UNWRITABLE, "\uFFFD");
}

/** Control characters but tab and line feed, and the two code points that XML excludes. */
const UNWRITABLE = /[^\P{Cc}\t\n]|[\uFFFE\uFFFF]/gu;
