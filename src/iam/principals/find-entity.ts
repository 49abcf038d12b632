import type { EntityKind, EntityOf } from "./entity.ts";
import { noSuch } from "./errors.ts";
import type { EntityReader } from "./ports/index.ts";

/** The user, group or role of that name. @throws IamError NoSuchEntityException */
export async function requireEntity<Kind extends EntityKind>(
  reader: EntityReader,
  kind: Kind,
  name: string,
): Promise<EntityOf<Kind>> {
  const entity = await reader.findEntity(kind, name);
  if (entity === undefined) throw noSuch(`The ${kind} with name ${name} cannot be found.`);
  return entity;
}
