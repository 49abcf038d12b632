import { parseArgs } from "node:util";

export interface Options {
  readonly help: boolean;
  /** Folders and files whose changes are tried, each with a score of its own. */
  readonly files: readonly string[];
  /** Mutants of each of them; all there are when undefined. */
  readonly mutants: number | undefined;
  readonly seed: string;
  /** The share of changes that has to be noticed, in percent. */
  readonly threshold: number;
  /** Changes that are tried at once. */
  readonly workers: number;
  /** Test files that one change is tried with at most. */
  readonly tests: number;
  /** Names of single mutants, as the report gives them, instead of a sample. */
  readonly only: readonly string[];
  /** What the path of a test file begins with that may notice a change. */
  readonly judges: string;
  readonly list: boolean;
}

/** What has to be noticed when something in it changes. */
export const FOLDERS = [
  ...["src/adapters/postgres", "migrations", "src/iam/policy", "src/iam/access"],
  ...["src/registry", "src/gc", "src/lifecycle"],
];
/** Of each: a folder that has nine of ten noticed passes with a sample of this size nine times of ten. */
const SAMPLE = 40;

export const HELP = `npm run test:mutation -- [OPTIONS]: changes the source one place at a time and sees whether a test fails

  --files LIST      folders or files (${FOLDERS.join(",")})
  --mutants N       changes of each of them, drawn at random (${SAMPLE})
  --all             all changes, which takes hours
  --seed TEXT       what the draw depends on (the date)
  --threshold P     percent of the changes of each folder that a test has to notice (85)
  --only LIST       these mutants, by the names that the report gives them
  --tests N         test files that a change is tried with at most (12)
  --judges FOLDER   only tests in this folder
  --workers N       changes that are tried at once (2)
  --list            print what would be tried
  --help            this text
`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: "string", default: FOLDERS.join(",") },
      mutants: { type: "string", default: String(SAMPLE) },
      all: { type: "boolean", default: false },
      seed: { type: "string", default: new Date().toISOString().slice(0, 10) },
      threshold: { type: "string", default: "85" },
      only: { type: "string", default: "" },
      tests: { type: "string", default: "12" },
      judges: { type: "string", default: "test/" },
      workers: { type: "string", default: "2" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    ...{ help: values.help, list: values.list, seed: values.seed, judges: values.judges },
    files: listed(values.files),
    only: listed(values.only),
    mutants: values.all ? undefined : Number(values.mutants),
    threshold: Number(values.threshold),
    tests: Number(values.tests),
    workers: Number(values.workers),
  };
}

function listed(text: string): readonly string[] {
  return text.split(",").filter((item) => item !== "");
}
