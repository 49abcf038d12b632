import { expect } from "vitest";
import { type OciCode, Refusal } from "../../src/http/refusal.ts";
import { refusalOf } from "../../src/http/refusal-of.ts";
import { RegistryError } from "../../src/registry/errors.ts";

/** What a refusal must be, as the registry's door says it: for `toThrow` and `rejects.toThrow`. A text in `says` must be in the message as it is. */
export function refusal(code: OciCode, status: number, ...says: readonly (string | RegExp)[]): unknown {
  return {
    asymmetricMatch(error: unknown): boolean {
      const said = error instanceof RegistryError ? refusalOf(error) : error;
      expect(said).toBeInstanceOf(Refusal);
      expect(said).toMatchObject({ code, status });
      for (const text of says) expect((error as Error).message).toMatch(text);
      return true;
    },
    toString: () => `Refusal ${code}`,
  };
}
