/** What the handler of one operation takes and gives. `Signed` is false where AWS asks for no signature. */
export interface OperationTypes<Input, Output, Signed extends boolean = true> {
  readonly input: Input;
  readonly output: Output;
  readonly signed: Signed;
}

/** A structure without members. */
export type NoMembers = Readonly<Record<never, never>>;
