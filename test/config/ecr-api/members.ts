import { type ServiceModel, shapeOf } from "../../../src/aws-models/model.ts";

/** A member of an input, however deep. */
export interface InputMember {
  /** As clients write it: `rules[].scanFrequency`. */
  readonly path: string;
  /** `Shape.member` of the model. */
  readonly name: string;
}

/** Every member of the input of an operation, in the order of the model. */
export function inputMembers(model: ServiceModel, operation: string): readonly InputMember[] {
  const input = model.operations[operation]?.input;
  return input === undefined ? [] : membersBelow(model, input, "");
}

function membersBelow(model: ServiceModel, name: string, path: string): readonly InputMember[] {
  const { type, members = {}, member } = shapeOf(model, name);
  if (type === "list") return membersBelow(model, member ?? "", `${path}[]`);
  return Object.entries(members).flatMap(([key, shape]) => {
    const at = path === "" ? key : `${path}.${key}`;
    return [{ path: at, name: `${name}.${key}` }, ...membersBelow(model, shape, at)];
  });
}
