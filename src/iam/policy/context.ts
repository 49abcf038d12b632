/**
 * The facts of a request that conditions and variables may ask for, by condition key in lower case (IAM: "condition key
 * names are not case-sensitive"). A key without values counts as absent.
 */
export type Context = ReadonlyMap<string, readonly string[]>;

/** The values of a key; empty when it is absent. `key` is in lower case. */
export function valuesOf(context: Context, key: string): readonly string[] {
  return context.get(key) ?? [];
}
