/** A function of the schema, as one migration defines it. */
export interface SchemaFunction {
  readonly name: string;
  /** Name and parameters: what a later definition replaces. */
  readonly signature: string;
  /** Where its body begins in the file. */
  readonly start: number;
  readonly body: string;
  /** The statement that puts it in the place of any of that signature. */
  readonly definition: string;
}

const DEFINITION = /CREATE (?:OR REPLACE )?FUNCTION (\w+)\s*\(([^)]*)\)[^$]*\$\$/g;

export function functionBodies(text: string): readonly SchemaFunction[] {
  return [...text.matchAll(DEFINITION)].map(({ 0: head, 1: name = "", 2: parameters = "", index }) => {
    const start = index + head.length;
    const signature = `${name}(${parameters.replaceAll(/\s+/g, " ").trim()})`;
    const end = text.indexOf("$$", start);
    const definition = text
      .slice(index, text.indexOf(";", end))
      .replace(/^CREATE FUNCTION/, "CREATE OR REPLACE FUNCTION");
    return { name, signature, start, body: text.slice(start, end), definition };
  });
}
