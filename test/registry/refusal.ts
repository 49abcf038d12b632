import { expect } from "vitest";
import type { ErrorCode } from "../../src/registry/errors.ts";

/** What a refusal must be: for `toThrow` and `rejects.toThrow`. A text in `says` must be in the message as it is. */
export function refusal(code: ErrorCode, status: number, ...says: readonly (string | RegExp)[]): unknown {
  return {
    asymmetricMatch(error: unknown): boolean {
      expect(error).toMatchObject({ name: "RegistryError", code, status });
      for (const text of says) expect((error as Error).message).toMatch(text);
      return true;
    },
    toString: () => `RegistryError ${code}`,
  };
}
