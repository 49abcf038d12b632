/** The services whose dialect Berth speaks. */
export const SERVICES = ["ecr", "ecr-public", "ecs", "iam", "sts"] as const;
export type Service = (typeof SERVICES)[number];

export type ShapeType =
  | "structure"
  | "list"
  | "map"
  | "string"
  | "integer"
  | "long"
  | "double"
  | "boolean"
  | "timestamp"
  | "blob";

/** One shape of a service model; which members it has depends on its type. */
export interface Shape {
  readonly type: ShapeType;
  /** Structure: name of the shape of each member. */
  readonly members?: Readonly<Record<string, string>>;
  readonly required?: readonly string[];
  /** List: shape of its elements. */
  readonly member?: string;
  /** Map: shapes of keys and values. */
  readonly key?: string;
  readonly value?: string;
  /** Bounds of a number, or of the length of a string, blob, list or map. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** Never shown, in errors neither. */
  readonly sensitive?: true;
  /** Query protocol: list elements stand directly below the member's name. */
  readonly flattened?: true;
  /** Any JSON. */
  readonly document?: true;
  readonly exception?: true;
  /** An exception that is the server's fault. */
  readonly fault?: true;
  /** Query protocol: how the exception is called and answered. */
  readonly error?: { readonly code: string; readonly httpStatusCode: number; readonly senderFault: boolean };
}

export interface OperationModel {
  readonly input?: string;
  readonly output?: string;
  /** Query protocol: the element around the output. */
  readonly resultWrapper?: string;
  readonly errors?: readonly string[];
  /** AWS asks for no signature. */
  readonly unsigned?: true;
}

export interface ServiceModel {
  readonly protocol: "json" | "query";
  readonly apiVersion: string;
  readonly signingName: string;
  /** JSON protocol: what stands before the operation in `X-Amz-Target`. */
  readonly targetPrefix?: string;
  /** Query protocol. */
  readonly xmlNamespace?: string;
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const loaded = new Map<Service, Promise<ServiceModel>>();

/** The model of a service, read when it is first needed. */
export function loadModel(service: Service): Promise<ServiceModel> {
  let model = loaded.get(service);
  if (model === undefined) {
    model = read(service);
    loaded.set(service, model);
  }
  return model;
}

/** Written out one by one, so that the compiler sees the files and puts them into the package. */
async function read(service: Service): Promise<ServiceModel> {
  switch (service) {
    case "ecr":
      return asModel(await import("./ecr.json", { with: { type: "json" } }));
    case "ecr-public":
      return asModel(await import("./ecr-public.json", { with: { type: "json" } }));
    case "ecs":
      return asModel(await import("./ecs.json", { with: { type: "json" } }));
    case "iam":
      return asModel(await import("./iam.json", { with: { type: "json" } }));
    case "sts":
      return asModel(await import("./sts.json", { with: { type: "json" } }));
  }
}

/** What reduce.mjs wrote is trusted to have this form. */
function asModel(module: { readonly default: unknown }): ServiceModel {
  return module.default as ServiceModel;
}

/** A shape by name. @throws Error when the model lacks it, which is a defect of the model */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (shape === undefined) throw new Error(`the model has no shape ${name}`);
  return shape;
}

/** An operation by name; undefined for a name that the model lacks, inherited property names among them. */
export function operationOf(model: ServiceModel, name: string): OperationModel | undefined {
  return Object.hasOwn(model.operations, name) ? model.operations[name] : undefined;
}
