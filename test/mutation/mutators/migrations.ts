/** A function of the schema, as one migration defines it. */
export interface SchemaFunction {
  readonly name: string;
  /** Name and parameters: what a later definition replaces. */
  readonly signature: string;
  /** Where its body begins in the file. */
  readonly start: number;
  readonly body: string;
}

const DEFINITION = /CREATE (?:OR REPLACE )?FUNCTION (\w+)\s*\(([^)]*)\)[^$]*\$\$/g;

export function functionBodies(text: string): readonly SchemaFunction[] {
  return [...text.matchAll(DEFINITION)].map(({ 0: head, 1: name = "", 2: parameters = "", index }) => {
    const start = index + head.length;
    const signature = `${name}(${parameters.replaceAll(/\s+/g, " ").trim()})`;
    return { name, signature, start, body: text.slice(start, text.indexOf("$$", start)) };
  });
}
