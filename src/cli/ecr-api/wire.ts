import type { EcrOperations } from "../../aws-models/ecr.types.ts";

export type EcrOperation = keyof EcrOperations;
export type EcrInput<Name extends EcrOperation> = EcrOperations[Name]["input"];
export type EcrOutput<Name extends EcrOperation> = Wire<EcrOperations[Name]["output"]>;

/** As AWS JSON carries it: times are seconds since 1970. */
export type Wire<T> = T extends Date
  ? number
  : T extends readonly (infer Item)[]
    ? readonly Wire<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Wire<T[Key]> }
      : T;

/** A time of AWS JSON. */
export function timeOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1_000);
}
