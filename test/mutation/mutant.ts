/** One change of one file, by offsets into its text. */
export interface Mutant {
  /** From the root of the checkout. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What kind of change it is, such as "comparison". */
  readonly kind: string;
}

/** A change of a text whose file is not known where it is made. */
export type Edit = Omit<Mutant, "file">;

/** What names a mutant in a report and in the list of those that change nothing. */
export interface Described {
  readonly line: number;
  readonly before: string;
  readonly after: string;
}

export function apply(text: string, { start, end, replacement }: Edit): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

/** The line that a mutant begins on, as it was and as it is. */
export function describe(text: string, edit: Edit): Described {
  const from = text.lastIndexOf("\n", edit.start - 1) + 1;
  const end = text.indexOf("\n", edit.end);
  const to = end < 0 ? text.length : end;
  const changed = apply(text.slice(from, to), { ...edit, start: edit.start - from, end: edit.end - from });
  return {
    line: text.slice(0, edit.start).split("\n").length,
    before: onOneLine(text.slice(from, to)),
    after: onOneLine(changed),
  };
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
