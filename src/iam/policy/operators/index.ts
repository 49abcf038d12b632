import { ARN_OPERATORS } from "./arn.ts";
import { DATE_OPERATORS } from "./date.ts";
import { EXACT_OPERATORS } from "./exact.ts";
import { IP_OPERATORS } from "./ip-address.ts";
import { NUMERIC_OPERATORS } from "./numeric.ts";
import type { Operator } from "./operator.ts";
import { TEXT_OPERATORS } from "./text.ts";

/** Every condition operator of IAM but `Null`, which compares nothing (condition.ts). */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...TEXT_OPERATORS,
    ...NUMERIC_OPERATORS,
    ...DATE_OPERATORS,
    ...EXACT_OPERATORS,
    ...IP_OPERATORS,
    ...ARN_OPERATORS,
  }),
);
