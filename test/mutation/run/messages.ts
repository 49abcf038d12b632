/** What the process that runs tests is asked: files one after another until one fails. */
export interface Run {
  /** Files of the checkout that have changed since the last run. The functions of a migration are defined anew. */
  readonly changed: readonly string[];
  /** Test files, in groups that are begun one after another. */
  readonly groups: readonly (readonly string[])[];
  /** Whether to go on after a failure. */
  readonly all?: boolean;
}

export interface TestFile {
  readonly test: string;
  readonly milliseconds: number;
  readonly passed: boolean;
  /** The first test that failed. */
  readonly failure?: string;
  /** Whether it failed by waiting for too long, which a busy machine does to a good test too. */
  readonly timedOut?: boolean;
}

/** What it answers: the files that have ended. */
export interface Outcome {
  readonly files: readonly TestFile[];
  /** What went wrong outside any test, such as a database that did not start. */
  readonly errors: readonly string[];
}
