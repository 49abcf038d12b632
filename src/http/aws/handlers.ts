import type { Service, ServiceModel } from "../../aws-models/model.ts";
import type { AwsCall, Handlers, ServiceHandlers, UnsignedCall } from "./call.ts";

/** A handler whose types the registry has forgotten: the model has checked what goes in, and writes what comes out. */
export type AnyHandler = (call: AwsCall | UnsignedCall, input: unknown) => Promise<unknown>;

/** What makes the handlers of a service, by operation: a handler of its own type for each. */
type Makers<Name extends Service, Ports> = {
  readonly [Operation in keyof ServiceHandlers<Name>]?: (ports: Ports) => ServiceHandlers<Name>[Operation];
};

/** The handlers of a service on its ports. */
export function handlersOf<Name extends Service, Ports>(
  makers: Makers<Name, Ports>,
  ports: Ports,
): ServiceHandlers<Name> {
  const entries = Object.entries(makers as unknown as Readonly<Record<string, (ports: Ports) => AnyHandler>>);
  // The same names: each maker gives the handler of its own operation.
  return Object.fromEntries(
    entries.map(([operation, make]) => [operation, make(ports)]),
  ) as unknown as ServiceHandlers<Name>;
}

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
