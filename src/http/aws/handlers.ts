import type { Service, ServiceModel } from "../../aws-models/model.ts";
import type { AwsCall, Handlers, UnsignedCall } from "./call.ts";

/** A handler whose types the registry has forgotten: the model has checked what goes in, and writes what comes out. */
export type AnyHandler = (call: AwsCall | UnsignedCall, input: unknown) => Promise<unknown>;

/** The handler of an operation; undefined when nobody wrote one yet. */
export function findHandler(handlers: Handlers, service: Service, operation: string): AnyHandler | undefined {
  const ofService: Readonly<Record<string, unknown>> = handlers[service] ?? {};
  return Object.hasOwn(ofService, operation) ? (ofService[operation] as AnyHandler) : undefined;
}

/** Operations of a model that have no handler, by name. */
export function missingOperations(
  model: ServiceModel,
  handlers: Handlers,
  service: Service,
): readonly string[] {
  return Object.keys(model.operations).filter((name) => findHandler(handlers, service, name) === undefined);
}
