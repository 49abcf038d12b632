const SHOWN_MAX = 200;

/** Why a policy document is refused: where in it, which rule it breaks, and the value that does. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
  /** Like `Statement[1].Condition.StringLike`; empty for the document as a whole. */
  readonly path: string;
  readonly rule: string;
  /** What was found there; undefined where something is missing. */
  readonly value: unknown;

  constructor(path: string, rule: string, value?: unknown) {
    super(
      `${path === "" ? "the document" : path}: ${rule}${value === undefined ? "" : `, not ${shown(value)}`}`,
    );
    this.path = path;
    this.rule = rule;
    this.value = value;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}
