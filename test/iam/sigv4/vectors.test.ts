import { expect, test } from "vitest";
import type { SignedRequest } from "../../../src/iam/sigv4/canonical.ts";
import { sha256Hex } from "../../../src/iam/sigv4/canonical.ts";
import { SignatureVerifier } from "../../../src/iam/sigv4/verify.ts";
import { UNCOUNTED } from "../../support/logins.ts";
import vectors from "./vectors.json" with { type: "json" };

/** AWS's public SigV4 test suite: signed requests, in the header form and in the query form. */
interface Vector {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly presigned?: { readonly target: string; readonly headers: readonly (readonly [string, string])[] };
}

const SUITE = vectors as unknown as readonly Vector[];
const NOW = new Date("2015-08-30T12:36:00Z");
const POLICY = {
  service: "service",
  accepts: (region: string) => region === "us-east-1",
  presigned: true,
  unsignedPayload: false,
  missingText: "missing",
};

async function verify(vector: Pick<Vector, "method" | "target" | "headers" | "body">): Promise<string> {
  const [path = "", query = ""] = vector.target.split("?");
  const headers: Record<string, string[]> = {};
  for (const [name, value] of vector.headers) {
    const list = headers[name.toLowerCase()] ?? [];
    headers[name.toLowerCase()] = [...list, value];
  }
  const request: SignedRequest = { method: vector.method, path, query, headers };
  const token =
    headers["x-amz-security-token"]?.[0] ?? new URLSearchParams(query).get("X-Amz-Security-Token");
  const principal = { kind: "root", account: "1", arn: "arn", accessKeyId: "AKIDEXAMPLE" } as const;
  const verifier = new SignatureVerifier({
    find: async () => ({
      secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
      principal,
      sessionTokenHash: token === null ? undefined : sha256Hex(token),
    }),
  });
  const opened = await verifier.open(request, headers["host"] ?? [], POLICY, NOW, UNCOUNTED);
  return opened.verify(Buffer.from(vector.body ?? "")).principal.accessKeyId;
}

/** Here the token came along after signing; Berth takes no `x-amz-*` that is not signed. */
const UNSIGNED_TOKEN = "post-sts-header-after";

test.each(SUITE.filter(({ name }) => name !== UNSIGNED_TOKEN))("$name", async (vector) => {
  expect(await verify(vector)).toBe("AKIDEXAMPLE");
});

test.each(SUITE.filter(({ name, presigned }) => name !== UNSIGNED_TOKEN && presigned !== undefined))(
  "$name, presigned",
  async ({ presigned, ...vector }) => {
    expect(await verify({ ...vector, ...presigned })).toBe("AKIDEXAMPLE");
  },
);

test("a session token that was not signed is refused", async () => {
  const vector = SUITE.find(({ name }) => name === UNSIGNED_TOKEN);
  if (vector === undefined) throw new Error("the vector is missing");
  await expect(verify(vector)).rejects.toThrow("'x-amz-security-token' must be a 'SignedHeader'");
});

test("the suite is there", () => {
  expect(SUITE.length).toBeGreaterThan(30);
});
