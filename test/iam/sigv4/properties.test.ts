import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalPath, type SignedRequest } from "../../../src/iam/sigv4/canonical.ts";
import { readClaim } from "../../../src/iam/sigv4/claim.ts";
import { SignatureError } from "../../../src/iam/sigv4/errors.ts";
import { SignatureVerifier } from "../../../src/iam/sigv4/verify.ts";
import { UNCOUNTED } from "../../support/logins.ts";
import { signInHeader, signInQuery, type ToSign } from "./signer.ts";

const POLICY = {
  service: "sts",
  accepts: (region: string) => region === "eu-north-1",
  presigned: true,
  unsignedPayload: false,
  missingText: "",
};
const SECRET = "secret";
const verifier = new SignatureVerifier({
  find: async (accessKeyId) => ({
    secret: SECRET,
    principal: { kind: "root", account: "1", arn: "arn", accessKeyId },
  }),
});

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const request = fc.record({
  parameters: fc.array(
    fc.tuple(
      text.map((name) => `p${name}`),
      text,
    ),
    { maxLength: 6 },
  ),
  extra: fc.dictionary(
    fc.stringMatching(/^x-[a-z0-9-]{1,10}$/).filter((name) => !name.startsWith("x-amz-")),
    fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
    { maxKeys: 4 },
  ),
  body: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  date: fc.date({ min: new Date("2001-01-01"), max: new Date("2099-01-01"), noInvalidDate: true }),
  sign: fc.constantFrom(signInHeader, signInQuery),
});

interface Generated {
  readonly parameters: readonly (readonly [string, string])[];
  readonly extra: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly date: Date;
  readonly sign: typeof signInHeader;
}

function signed({ parameters, extra, body, date, sign }: Generated): SignedRequest {
  const toSign: ToSign = {
    parameters: sign === signInQuery ? withoutRepeated(parameters) : parameters,
    headers: { Host: "h", ...extra },
    body,
    keyId: "AKIA",
    secret: SECRET,
    region: "eu-north-1",
    service: "sts",
    date,
  };
  const { path, headers } = sign(toSign);
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
  return { method: "POST", path: "/", query: path.slice(2), headers: Object.fromEntries(lower) };
}

/** A query that carries a signature has each parameter once. */
function withoutRepeated(parameters: Generated["parameters"]): Generated["parameters"] {
  return [...new Map(parameters.map((pair) => [pair[0].toLowerCase(), pair])).values()];
}

test("what an independent signer signs is verified", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (generated) => {
      const opened = await verifier.open(signed(generated), ["h"], POLICY, generated.date, UNCOUNTED);
      expect(opened.verify(generated.body).principal.accessKeyId).toBe("AKIA");
    }),
    { numRuns: 300 },
  );
});

test("and not with a byte more of body, another parameter or another header", async () => {
  await fc.assert(
    fc.asyncProperty(request, fc.constantFrom("body", "query", "header"), async (generated, what) => {
      const whole = signed({ ...generated, extra: { ...generated.extra, "x-some": "a" } });
      const changed =
        what === "query"
          ? { ...whole, query: `${whole.query}&q=1` }
          : what === "header"
            ? { ...whole, headers: { ...whole.headers, "x-some": ["b"] } }
            : whole;
      const opened = await verifier.open(changed, ["h"], POLICY, generated.date, UNCOUNTED);
      const body = what === "body" ? Buffer.concat([generated.body, Buffer.of(0)]) : generated.body;
      expect(() => opened.verify(body)).toThrow(SignatureError);
    }),
    { numRuns: 200 },
  );
});

test("no text in the place of credentials breaks the reader", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 60 }), (credentials, query) => {
      for (const authorization of [credentials, `AWS4-HMAC-SHA256 ${credentials}`]) {
        const headers = { authorization: [authorization], "x-amz-date": ["20300101T000000Z"] };
        for (const given of [
          { query: `a=${query}`, headers },
          { query: `X-Amz-Algorithm=${query}`, headers },
          { query: `X-Amz-Algorithm=${query}`, headers: {} },
        ]) {
          try {
            readClaim({ method: "POST", path: "/", ...given }, "missing");
          } catch (error) {
            expect(error).toBeInstanceOf(SignatureError);
          }
        }
      }
    }),
  );
});

test.each([
  ["/", "/"],
  ["", "/"],
  ["//", "/"],
  ["/a//b", "/a/b"],
  ["/a/./b/", "/a/b/"],
  ["/a/b/..", "/a/"],
  ["/../..", "/"],
  ["/a b/%20", "/a%20b/%2520"],
  ["/-._~!'()*", "/-._~%21%27%28%29%2A"],
])("the path %j is signed as %j", (path, expected) => {
  expect(canonicalPath(path)).toBe(expected);
});
