/** A change that no test can notice, because Berth does the same with it. */
export interface Ignored {
  readonly file: string;
  /** The changed line, as the report gives it. */
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export const IGNORED: readonly Ignored[] = [];
