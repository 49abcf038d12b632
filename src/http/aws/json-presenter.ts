import { type ServiceModel, type Shape, shapeOf } from "../../aws-models/model.ts";

type Members = Readonly<Record<string, unknown>>;

/** A value as JSON 1.1 writes it: epoch seconds, base64, absent members left out; only what the model knows. */
export function toJson(model: ServiceModel, shapeName: string, value: unknown): unknown {
  const shape = shapeOf(model, shapeName);
  if (value instanceof Date) return value.getTime() / 1000;
  if (Buffer.isBuffer(value)) return value.toString("base64");
  switch (shape.type) {
    case "structure":
      return shape.document === true ? value : structure(model, shape, value as Members);
    case "list":
      return (value as readonly unknown[]).map((element) => toJson(model, shape.member ?? "", element));
    case "map":
      return Object.fromEntries(
        Object.entries(value as Members)
          .filter(([, entry]) => isPresent(entry))
          .map(([key, entry]) => [key, toJson(model, shape.value ?? "", entry)]),
      );
    default:
      return value;
  }
}

function structure(model: ServiceModel, shape: Shape, value: Members): unknown {
  const entries = Object.entries(shape.members ?? {}).flatMap(([name, memberShape]) => {
    const member = value[name];
    return isPresent(member) ? [[name, toJson(model, memberShape, member)] as const] : [];
  });
  return Object.fromEntries(entries);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
