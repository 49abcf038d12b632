import fc from "fast-check";
import { expect, test } from "vitest";
import { CasbinDecider } from "../../../src/adapters/casbin/decider.ts";
import type { Access, AttachedPolicy, Verdict } from "../../../src/iam/policy/access.ts";
import type { Caller } from "../../../src/iam/policy/caller.ts";
import { type ParseOptions, parsePolicyDocument } from "../../../src/iam/policy/document.ts";
import { evaluate } from "../../../src/iam/policy/evaluate.ts";
import { explain } from "../../../src/iam/policy/explain.ts";
import { anAccess } from "./arbitraries.ts";
import { type OracleAccess, type OracleDocument, oracle } from "./oracle.ts";

const CASES = Number(process.env["POLICY_CASES"] ?? 5_000);
const SEED = Number(process.env["POLICY_SEED"] ?? 20_121_017);
const decider = new CasbinDecider(undefined, 100);

function attached(document: OracleDocument, options: ParseOptions): AttachedPolicy {
  return {
    label: options.kind,
    document: parsePolicyDocument(JSON.stringify(document), { maxSize: 20_480, ...options }),
  };
}

function toAccess({
  caller,
  context,
  identity,
  boundary,
  session,
  resources,
  ...rest
}: OracleAccess): Access {
  return {
    ...rest,
    caller: caller as Caller,
    context: new Map(Object.entries(context).map(([key, values]) => [key.toLowerCase(), values])),
    identity: identity.map((each) => attached(each, { kind: "identity" })),
    boundary: boundary && attached(boundary, { kind: "boundary" }),
    session: session.map((each) => attached(each, { kind: "session" })),
    resourcePolicies: resources.map(({ type, document }) =>
      attached(document, type === "V1" || type === "V2" ? { kind: "registry", scope: type } : { kind: type }),
    ),
  };
}

function summary(verdict: Verdict): string {
  if (verdict.allowed) return "allowed";
  return `${verdict.decidedBy === undefined ? "none" : "deny"}:${verdict.role}`;
}

test(
  `the evaluator and the oracle agree (${CASES} cases)`,
  () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(anAccess, (access) => {
        const wanted = oracle(access);
        seen.set(wanted, (seen.get(wanted) ?? 0) + 1);
        expect(summary(evaluate(toAccess(access), decider))).toBe(wanted);
      }),
      { numRuns: CASES, seed: SEED },
    );
    // A world in which every ending occurs, or the agreement would say little.
    const endings = ["identity", "boundary", "session", "resource", "trust"];
    for (const ending of ["allowed", ...endings.flatMap((role) => [`deny:${role}`, `none:${role}`])]) {
      expect(seen.get(ending) ?? 0, `${ending} in ${JSON.stringify([...seen])}`).toBeGreaterThan(CASES / 500);
    }
  },
  CASES * 20,
);

test("what explain says follows from what evaluate decided, and its remedies work", () => {
  fc.assert(
    fc.property(anAccess, (random) => {
      const access = toAccess(random);
      const { verdict, considered, remedies } = explain(access, decider);
      expect(verdict).toEqual(evaluate(access, decider));
      const matching = considered.flatMap(({ role, statements }) =>
        statements
          .filter(({ mismatches }) => mismatches.length === 0)
          .map(({ effect }) => `${effect} ${role}`),
      );
      const denies = matching.some((each) => each.startsWith("Deny"));
      expect(!verdict.allowed && verdict.decidedBy !== undefined).toBe(denies);
      expect(remedies.length > 0).toBe(!verdict.allowed);
      if (verdict.decidedBy !== undefined) {
        const { policy, statement } = verdict.decidedBy;
        const found = considered.find((each) => each.policy === policy)?.statements[statement];
        expect(found).toMatchObject({ effect: verdict.allowed ? "Allow" : "Deny", mismatches: [] });
      }
    }),
    { numRuns: Math.min(CASES, 1_000), seed: SEED },
  );
}, 120_000);
