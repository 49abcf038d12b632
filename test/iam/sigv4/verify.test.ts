import { beforeEach, describe, expect, test } from "vitest";
import { type SignedRequest, sha256Hex } from "../../../src/iam/sigv4/canonical.ts";
import type { SigningCredential } from "../../../src/iam/sigv4/credential-store.ts";
import { SignatureError } from "../../../src/iam/sigv4/errors.ts";
import {
  type Mismatch,
  type SignaturePolicy,
  SignatureVerifier,
  type VerifiedCaller,
} from "../../../src/iam/sigv4/verify.ts";
import { UNCOUNTED } from "../../support/logins.ts";
import { signInHeader, signInQuery, type ToSign } from "./signer.ts";

const KEY_ID = "AKIAIOSFODNN7EXAMPLE";
const SECRET = "a secret that nothing may show";
const TOKEN = "session+token/==";
const NOW = new Date("2030-01-02T03:04:05Z");
const HOST = "registry.test:5000";
const POLICY: SignaturePolicy = {
  service: "ecr",
  accepts: (region) => ["eu-north-1", "eu-west-1"].includes(region),
  presigned: true,
  unsignedPayload: false,
  missingText: "Missing Authentication Token",
};
const BODY = '{"repositoryName":"app"}';
const TO_SIGN: ToSign = {
  headers: { Host: HOST, "X-Amz-Target": "Service.Operation" },
  body: BODY,
  keyId: KEY_ID,
  secret: SECRET,
  region: "eu-north-1",
  service: "ecr",
  date: NOW,
};

const credentials = new Map<string, SigningCredential>();
let mismatches: Mismatch[];

beforeEach(() => {
  mismatches = [];
  credentials.clear();
  credentials.set(KEY_ID, { secret: SECRET, principal: principal(KEY_ID) });
});

function principal(accessKeyId: string): SigningCredential["principal"] {
  return {
    ...{ kind: "user", account: "123456789012", arn: "arn:aws:iam::123456789012:user/anna", accessKeyId },
    ...{ uniqueId: "AIDAANNAANNAANNAANNA", name: "anna" },
  };
}

interface Wire {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function requestOf({ method = "POST", path, headers }: Wire): SignedRequest {
  const [before = "", query = ""] = path.split("?");
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
  return { method, path: before, query, headers: Object.fromEntries(lower) };
}

async function verify(
  wire: Wire,
  options: { body?: string; hosts?: string[]; policy?: Partial<SignaturePolicy>; now?: Date } = {},
): Promise<VerifiedCaller> {
  const { body = BODY, hosts = [HOST], policy, now = NOW } = options;
  const verifier = new SignatureVerifier({ find: async (id) => credentials.get(id) }, (mismatch) =>
    mismatches.push(mismatch),
  );
  const opened = await verifier.open(requestOf(wire), hosts, { ...POLICY, ...policy }, now, UNCOUNTED);
  return opened.verify(Buffer.from(body));
}

async function refusal(result: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await result;
  } catch (error) {
    if (error instanceof SignatureError) return [error.fault, error.message];
    throw error;
  }
  throw new Error("the request was let in");
}

function withAuthorization(authorization: string): Wire {
  const signed = signInHeader(TO_SIGN);
  return { ...signed, headers: { ...signed.headers, Authorization: authorization } };
}

const authorizationOf = (wire: Wire): string => wire.headers["Authorization"] ?? "";

test("a signed request comes from the key's principal, in the region it is scoped to", async () => {
  expect(await verify(signInHeader(TO_SIGN))).toEqual({
    principal: principal(KEY_ID),
    region: "eu-north-1",
    expiresAt: undefined,
  });
});

test("a presigned request too, where the door takes them", async () => {
  const wire = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
  expect((await verify(wire)).principal.accessKeyId).toBe(KEY_ID);
  expect(await refusal(verify(wire, { policy: { presigned: false } }))).toEqual([
    "incomplete",
    "This operation takes no credentials in the query string.",
  ]);
});

describe("pieces that are missing or cannot be read", () => {
  test("no credentials at all", async () => {
    const wire = { path: "/", headers: { Host: HOST } };
    expect(await refusal(verify(wire))).toEqual(["missing", "Missing Authentication Token"]);
  });

  test.each([
    ["Credential", "Authorization header requires 'Credential' parameter."],
    ["SignedHeaders", "Authorization header requires 'SignedHeaders' parameter."],
    ["Signature", "Authorization header requires 'Signature' parameter."],
  ])("no %s", async (name, message) => {
    const authorization = authorizationOf(signInHeader(TO_SIGN)).replace(new RegExp(`${name}=[^,]*,? ?`), "");
    const wire = withAuthorization(authorization.replace(/, $/, ""));
    expect(await refusal(verify(wire))).toEqual(["incomplete", message]);
  });

  test("no date", async () => {
    const signed = signInHeader(TO_SIGN);
    const { "X-Amz-Date": _, ...headers } = signed.headers;
    expect(await refusal(verify({ ...signed, headers }))).toEqual([
      "incomplete",
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    ]);
  });

  test("another scheme is told everything that is missing, and nothing it sent", async () => {
    const [fault, message] = await refusal(verify(withAuthorization("Basic QVdTOnNlY3JldA==")));
    expect(fault).toBe("incomplete");
    expect(message).toBe(
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
    );
  });

  test.each([
    [
      "another algorithm",
      (a: string) => a.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
      "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now).",
    ],
    [
      "a pair without an equal sign",
      (a: string) => `${a}, Odd`,
      "Invalid key=value pair (missing equal-sign) in Authorization header.",
    ],
    [
      "a pair that comes twice",
      (a: string) => `${a}, Signature=0`,
      "Authorization header has the parameter 'Signature' twice.",
    ],
    [
      "a credential of four parts",
      (a: string) => a.replace("/aws4_request", ""),
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
    ],
    [
      "a signature of another length",
      (a: string) => a.slice(0, -2),
      "Signature must have exactly 64 hexadecimal digits.",
    ],
    [
      "signed headers out of order",
      (a: string) => a.replace("host;x-amz-date", "x-amz-date;host"),
      "SignedHeaders must be lower-case header names in order, parted by ';'.",
    ],
    [
      "signed headers in capitals",
      (a: string) => a.replace("host;", "Host;"),
      "SignedHeaders must be lower-case header names in order, parted by ';'.",
    ],
  ])("%s", async (_, change, message) => {
    const wire = withAuthorization(change(authorizationOf(signInHeader(TO_SIGN))));
    expect(await refusal(verify(wire))).toEqual(["incomplete", message]);
  });

  test.each(["yesterday", "20300102T030405", "20300231T030405Z", "2030-01-02T03:04:05Z"])(
    "the date %s",
    async (date) => {
      const signed = signInHeader(TO_SIGN);
      const wire = { ...signed, headers: { ...signed.headers, "X-Amz-Date": date } };
      expect(await refusal(verify(wire))).toEqual([
        "incomplete",
        `Date must be in ISO-8601 'basic format', e.g. 19700101T000000Z. Got '${date}'.`,
      ]);
    },
  );

  test.each(["X-Amz-Algorithm", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Credential"])(
    "presigned without %s",
    async (name) => {
      const signed = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
      const path = signed.path.replace(new RegExp(`${name}=[^&]*&`), "");
      expect(await refusal(verify({ ...signed, path }))).toEqual([
        "incomplete",
        `AWS query-string parameters must include '${name}'.`,
      ]);
    },
  );

  test.each(["X-Amz-Date", "x-amz-date", "X-Amz-Expires", "X-Amz-Signature"])(
    "presigned with %s a second time",
    async (name) => {
      const signed = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
      expect(await refusal(verify({ ...signed, path: `${signed.path}&${name}=1` }))).toEqual([
        "incomplete",
        `The query string has the parameter '${name}' twice.`,
      ]);
    },
  );

  test("presigned with a parameter of the operation twice", async () => {
    const parameters = [
      ["Action", "GetCallerIdentity"],
      ["Action", "AssumeRole"],
    ] as const;
    const signed = signInQuery({ ...TO_SIGN, parameters, headers: { Host: HOST } });
    expect(await refusal(verify(signed))).toEqual([
      "incomplete",
      "The query string has the parameter 'Action' twice.",
    ]);
  });

  test.each(["0", "-1", "604801", "1e3", "60.5", "", " 60", "9999999999"])(
    "presigned with %j as its lifetime",
    async (text) => {
      const signed = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
      const path = signed.path.replace("X-Amz-Expires=60", `X-Amz-Expires=${encodeURIComponent(text)}`);
      expect(await refusal(verify({ ...signed, path }))).toEqual([
        "incomplete",
        `X-Amz-Expires must be 1 to 604800 seconds. Got '${text}'.`,
      ]);
    },
  );

  test.each(["X-Amz-Credential=x", "X%2DAmz%2DSignature=x", "x-amz-algorithm=x"])(
    "a signature in the header and %s in the query",
    async (parameter) => {
      const signed = signInHeader(TO_SIGN);
      const path = `${signed.path}${signed.path.includes("?") ? "&" : "?"}${parameter}`;
      expect(await refusal(verify({ ...signed, path }))).toEqual([
        "incomplete",
        "Only one way to authenticate is allowed: one Authorization header, or the query string.",
      ]);
    },
  );

  test.each(["X-Amz-Date", "X-Amz-Security-Token"])("presigned with %s as a header", async (name) => {
    const signed = signInQuery({ ...TO_SIGN, headers: { Host: HOST, [name]: "20300102T030405Z" } });
    expect(await refusal(verify(signed))).toEqual([
      "incomplete",
      `'${name.toLowerCase()}' belongs into the query string, with the signature.`,
    ]);
  });
});

describe("time", () => {
  const at = (milliseconds: number): Date => new Date(NOW.getTime() + milliseconds);

  test("fifteen minutes either way are fine", async () => {
    expect((await verify(signInHeader(TO_SIGN), { now: at(900_000) })).region).toBe("eu-north-1");
    expect((await verify(signInHeader(TO_SIGN), { now: at(-900_000) })).region).toBe("eu-north-1");
  });

  test("one second more is too old", async () => {
    expect(await refusal(verify(signInHeader(TO_SIGN), { now: at(901_000) }))).toEqual([
      "mismatch",
      "Signature expired: 20300102T030405Z is now earlier than 20300102T030406Z (20300102T031906Z - 15 min.)",
    ]);
  });

  test("one second more is too early", async () => {
    expect(await refusal(verify(signInHeader(TO_SIGN), { now: at(-901_000) }))).toEqual([
      "mismatch",
      "Signature not yet current: 20300102T030405Z is still later than 20300102T030404Z (20300102T024904Z + 15 min.)",
    ]);
  });

  test("a presigned request lives as long as it says", async () => {
    const wire = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
    expect((await verify(wire, { now: at(60_000) })).region).toBe("eu-north-1");
    expect(await refusal(verify(wire, { now: at(61_000) }))).toEqual([
      "mismatch",
      "Signature expired: 20300102T030405Z is now earlier than 20300102T030406Z (20300102T030506Z - 60 sec.)",
    ]);
  });

  test("a presigned request lives fifteen minutes at most, whatever it says", async () => {
    const wire = signInQuery({ ...TO_SIGN, headers: { Host: HOST }, expires: 604_800 });
    expect((await verify(wire, { now: at(900_000) })).region).toBe("eu-north-1");
    expect((await refusal(verify(wire, { now: at(901_000) })))[1]).toContain("- 15 min.)");
  });

  test("how long a presigned request lives is signed", async () => {
    const signed = signInQuery({ ...TO_SIGN, headers: { Host: HOST } });
    const path = signed.path.replace("X-Amz-Expires=60", "X-Amz-Expires=900");
    expect((await refusal(verify({ ...signed, path })))[0]).toBe("mismatch");
  });

  test("the Date header counts where X-Amz-Date is missing", async () => {
    expect((await verify(signInHeader({ ...TO_SIGN, plainDate: true }))).region).toBe("eu-north-1");
    const old = signInHeader({ ...TO_SIGN, plainDate: true, date: at(-901_000) });
    expect((await refusal(verify(old)))[1]).toContain("Signature expired: 20300102T024904Z");
  });
});

describe("scope", () => {
  test.each([
    [
      "another region",
      { region: "us-east-1" },
      "Credential should be scoped to a valid region, not 'us-east-1'.",
    ],
    ["another service", { service: "s3" }, "Credential should be scoped to correct service: 'ecr'."],
  ])("%s", async (_, changed, message) => {
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, ...changed })))).toEqual(["mismatch", message]);
  });

  test("another day", async () => {
    const authorization = authorizationOf(signInHeader(TO_SIGN)).replace("/20300102/", "/20300101/");
    expect(await refusal(verify(withAuthorization(authorization)))).toEqual([
      "mismatch",
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20300101' != '20300102', from '20300102T030405Z'.",
    ]);
  });

  test("another terminator", async () => {
    const authorization = authorizationOf(signInHeader(TO_SIGN)).replace("aws4_request", "aws5_request");
    expect(await refusal(verify(withAuthorization(authorization)))).toEqual([
      "mismatch",
      "Credential should be scoped with a valid terminator: 'aws4_request'.",
    ]);
  });
});

describe("what must be signed", () => {
  test("the host", async () => {
    const authorization = authorizationOf(signInHeader(TO_SIGN)).replace("host;", "");
    expect(await refusal(verify(withAuthorization(authorization)))).toEqual([
      "mismatch",
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ]);
  });

  test("every x-amz-* header", async () => {
    const signed = signInHeader(TO_SIGN);
    const wire = { ...signed, headers: { ...signed.headers, "X-Amz-Extra": "1" } };
    expect(await refusal(verify(wire))).toEqual([
      "mismatch",
      "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.",
    ]);
  });

  test("x-amzn-trace-id is a proxy's, and none of them", async () => {
    const signed = signInHeader(TO_SIGN);
    const wire = { ...signed, headers: { ...signed.headers, "X-Amzn-Trace-Id": "Root=1" } };
    expect((await verify(wire)).region).toBe("eu-north-1");
  });

  test("a header that is signed must be there", async () => {
    const signed = signInHeader({ ...TO_SIGN, headers: { ...TO_SIGN.headers, "X-Other": "1" } });
    const { "X-Other": _, ...headers } = signed.headers;
    expect(await refusal(verify({ ...signed, headers }))).toEqual([
      "mismatch",
      "'x-other' is a 'SignedHeader' and is not part of the request.",
    ]);
  });
});

describe("payload", () => {
  test("another body", async () => {
    expect((await refusal(verify(signInHeader(TO_SIGN), { body: "{}" })))[0]).toBe("mismatch");
  });

  test("an announced hash that is the body's", async () => {
    const headers = { ...TO_SIGN.headers, "X-Amz-Content-Sha256": sha256Hex(BODY) };
    expect((await verify(signInHeader({ ...TO_SIGN, headers }))).region).toBe("eu-north-1");
  });

  test("an announced hash that is not", async () => {
    const headers = { ...TO_SIGN.headers, "X-Amz-Content-Sha256": sha256Hex("other") };
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, headers })))).toEqual([
      "mismatch",
      "The value of 'x-amz-content-sha256' is not the hash of the body.",
    ]);
  });

  test("UNSIGNED-PAYLOAD, unless the door takes it", async () => {
    const headers = { ...TO_SIGN.headers, "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" };
    const wire = signInHeader({ ...TO_SIGN, headers });
    expect((await refusal(verify(wire)))[0]).toBe("mismatch");
    expect((await refusal(verify(wire, { policy: { unsignedPayload: true } })))[1]).toMatch(
      /^The request signature/,
    );
  });
});

describe("keys", () => {
  const SESSION_ID = "ASIAIOSFODNN7EXAMPLE";
  const INVALID = ["unrecognized", "The security token included in the request is invalid."];
  const session = (expiresAt: Date): SigningCredential => ({
    secret: SECRET,
    principal: principal(SESSION_ID),
    sessionTokenHash: sha256Hex(TOKEN),
    expiresAt,
  });
  const later = new Date(NOW.getTime() + 1);

  test("an unknown key", async () => {
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, keyId: "AKIAUNKNOWN" })))).toEqual(INVALID);
  });

  test("another secret", async () => {
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, secret: "another" })))).toEqual([
      "mismatch",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    ]);
  });

  test("a session with its token, in the header and in the query", async () => {
    credentials.set(SESSION_ID, session(later));
    const signed = { ...TO_SIGN, keyId: SESSION_ID, token: TOKEN };
    expect((await verify(signInHeader(signed))).expiresAt).toEqual(later);
    const presigned = signInQuery({ ...signed, headers: { Host: HOST } });
    expect((await verify(presigned)).principal.accessKeyId).toBe(SESSION_ID);
  });

  test("a session without its token", async () => {
    credentials.set(SESSION_ID, session(later));
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, keyId: SESSION_ID })))).toEqual(INVALID);
  });

  test("a session with another token", async () => {
    credentials.set(SESSION_ID, session(later));
    const wire = signInHeader({ ...TO_SIGN, keyId: SESSION_ID, token: "other" });
    expect(await refusal(verify(wire))).toEqual(INVALID);
  });

  test("a temporary key for which the store knows no token", async () => {
    credentials.set(SESSION_ID, { secret: SECRET, principal: principal(SESSION_ID) });
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, keyId: SESSION_ID, token: TOKEN })))).toEqual(
      INVALID,
    );
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, keyId: SESSION_ID })))).toEqual(INVALID);
  });

  test("a long-lived key with a token", async () => {
    expect(await refusal(verify(signInHeader({ ...TO_SIGN, token: TOKEN })))).toEqual(INVALID);
  });

  test("a session past its time", async () => {
    credentials.set(SESSION_ID, session(NOW));
    const wire = signInHeader({ ...TO_SIGN, keyId: SESSION_ID, token: TOKEN });
    expect(await refusal(verify(wire))).toEqual([
      "expired-credentials",
      "The security token included in the request is expired",
    ]);
  });
});

describe("behind a proxy", () => {
  const wire = signInHeader(TO_SIGN);
  const inside = { ...wire, headers: { ...wire.headers, Host: "10.0.0.7:8080" } };

  test("the host that was signed may be any of the candidates", async () => {
    const hosts = ["10.0.0.7:8080", HOST];
    expect((await verify(inside, { hosts })).region).toBe("eu-north-1");
  });

  test("and no other", async () => {
    expect((await refusal(verify(inside, { hosts: ["10.0.0.7:8080"] })))[0]).toBe("mismatch");
  });
});

test("what was expected goes to the debug log alone, without the secret or the session token", async () => {
  credentials.set("ASIAEXAMPLE", {
    secret: SECRET,
    principal: principal("ASIAEXAMPLE"),
    sessionTokenHash: sha256Hex(TOKEN),
  });
  const wire = signInHeader({ ...TO_SIGN, keyId: "ASIAEXAMPLE", secret: "wrong", token: TOKEN });
  const [, message] = await refusal(verify(wire));
  const [mismatch] = mismatches;
  expect(mismatch?.canonicalRequest).toContain("x-amz-security-token:<session token>\n");
  expect(mismatch?.expected).toMatch(/^[0-9a-f]{64}$/);
  expect(message).not.toContain(mismatch?.expected);
  expect(JSON.stringify(mismatches)).not.toContain(SECRET);
  expect(JSON.stringify(mismatches)).not.toContain(TOKEN);
});
