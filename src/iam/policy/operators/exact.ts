import { OperandError, type Operator } from "./operator.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** IAM's Boolean and binary operators. */
export const EXACT_OPERATORS: Readonly<Record<string, Operator>> = {
  Bool: {
    negated: false,
    compile(wanted) {
      const lower = wanted.toLowerCase();
      if (lower !== "true" && lower !== "false") throw new OperandError("must be true or false");
      return (found) => found.toLowerCase() === lower;
    },
  },
  /** Byte for byte, both sides in base64. */
  BinaryEquals: {
    negated: false,
    compile(wanted) {
      if (!BASE64.test(wanted)) throw new OperandError("must be base64");
      const bytes = Buffer.from(wanted, "base64");
      return (found, _context, steps) => {
        steps.take(found.length);
        return BASE64.test(found) && bytes.equals(Buffer.from(found, "base64"));
      };
    },
  },
};
