import { expect } from "vitest";
import type { EcrOperations } from "../../../src/aws-models/ecr.types.ts";
import type { Clock } from "../../../src/registry/clock.ts";
import { callEcrApi, type Keys } from "../../access/aws-client.ts";
import { ADMINISTRATOR, type TestBerth } from "../../support/berth.ts";

type Json = Readonly<Record<string, unknown>>;

/** The ECR API of a whole server, as a client with the keys of the administrator, or others, calls it. */
export interface EcrApi {
  /** Whatever the answer is. */
  call(
    operation: keyof EcrOperations,
    input: object,
  ): Promise<{ readonly status: number; readonly body: Json }>;
  /** The output of a call that must succeed. */
  ask<Output = Json>(operation: keyof EcrOperations, input: object): Promise<Output>;
  /** Exception and message of a call that must be refused. */
  refused(operation: keyof EcrOperations, input: object): Promise<readonly [string, string]>;
}

export function ecrApi(
  { url }: Pick<TestBerth, "url">,
  keys: Keys = ADMINISTRATOR,
  clock: Clock = { now: () => new Date() },
): EcrApi {
  const call: EcrApi["call"] = async (operation, input) => {
    const { status, text } = await callEcrApi(url, operation, input, keys, {}, clock.now());
    return { status, body: JSON.parse(text) };
  };
  return {
    call,
    async ask<Output>(operation: keyof EcrOperations, input: object) {
      const { status, body } = await call(operation, input);
      expect([status, body]).toEqual([200, body]);
      return body as Output;
    },
    async refused(operation, input) {
      const { status, body } = await call(operation, input);
      expect([status, body]).toEqual([400, body]);
      return [String(body["__type"]), String(body["message"])];
    },
  };
}

export const invalid = (field: string, rule: string): readonly [string, string] => [
  "InvalidParameterException",
  `Invalid parameter at '${field}' failed to satisfy constraint: '${rule}'`,
];
