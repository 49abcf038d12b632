/** What a function of the schema is called among those that a test calls; functions of one name count as one. */
export function schemaId(name: string): string {
  return `schema#${name}`;
}
