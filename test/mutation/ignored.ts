/** A change that no test can notice, because Berth does the same with it. */
export interface Ignored {
  readonly file: string;
  /** The changed line, as the report gives it. */
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export const IGNORED: readonly Ignored[] = [
  {
    file: "src/iam/policy/operators/arn.ts",
    before: "if (fixed !== undefined) return matchesComponents(fixed, found, steps);",
    after: ";",
    why: "what follows cuts the same fixed pattern again: it costs time alone",
  },
  {
    file: "src/iam/policy/operators/ip-address.ts",
    before: "if (text.length > ADDRESS_MAX) return undefined;",
    after: ";",
    why: "no longer text is an address, or it has a zone, which is refused too: it bounds the work alone",
  },
  {
    file: "src/iam/policy/variables.ts",
    before: "const inside = end < 0 ? undefined : text.slice(start + 2, end);",
    after: "const inside = end < 1 ? undefined : text.slice(start + 2, end);",
    why: "a brace is looked for after the two characters that begin a variable: it is never at 0",
  },
];
