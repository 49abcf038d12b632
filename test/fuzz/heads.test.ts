import { afterAll, describe, test } from "vitest";
import { requestText } from "../hostile/raw.ts";
import { startTestBerth } from "../support/berth.ts";
import { pushBlob, pushImage } from "../support/push.ts";
import { type Dimension, expectCheap, fill } from "./cost.ts";

const berth = await startTestBerth({
  env: {
    BERTH_TRUSTED_PROXIES: "127.0.0.0/8, ::1",
    BERTH_BEARER_HOSTS: "localhost",
    BERTH_ANONYMOUS_PULL: "on",
    BERTH_CORS_ORIGINS: "https://console.example.com",
  },
});
afterAll(() => berth.stop());

const AUTHORIZATION = `Authorization: ${berth.authorization}`;
const DIGEST = await pushBlob(berth, "app", "content");
await pushImage(berth, "app", "v1", "fuzzed");
const BLOB = `/v2/app/blobs/${DIGEST}`;
/** What is left of 32 KiB for one thing, and the length of the longest path. */
const [HEADER_MAX, PATH_MAX] = [31_000, 2_040];

const STAMP = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;

const named = (name: string, limit: number, request: Dimension["request"]): [string, Dimension] => [
  name,
  { name, limit, request },
];

describe("a path", () => {
  const PIECES = [
    ":",
    "/",
    "a",
    "a/",
    "-",
    "a-",
    "_",
    ".",
    "..",
    "%",
    "%41",
    "%2f",
    "\xff",
    "\\",
    "@",
    "//@",
  ];
  const WORDS = [
    "/blobs/:",
    "/manifests/a",
    "/blobs/uploads/",
    "/tags/list",
    "/referrers/sha256:a",
    "eyJa.eyJ",
  ];
  const ENDS = ["", "/", "/manifests/v1", "/blobs/a:b/", "/blobs/uploads/x", "/tags/list", "/x"];
  const cases = [...PIECES, ...WORDS].flatMap((piece) =>
    ENDS.map((end) =>
      named(`${JSON.stringify(piece)} and ${end}`, PATH_MAX, (size) =>
        requestText("GET", fill(size, piece, "/v2/x", end), [AUTHORIZATION]),
      ),
    ),
  );
  test.each(cases)("of %s", (_, dimension) => expectCheap(berth, dimension));

  test.each(
    [...PIECES, ...WORDS].flatMap((piece) =>
      ["PUT", "DELETE", "POST"].map((method) =>
        named(`${method} ${JSON.stringify(piece)}`, HEADER_MAX, (size) =>
          requestText(method, fill(size, piece, "/v2/x/blobs/", "/"), ["Content-Length: 0"]),
        ),
      ),
    ),
  )("beyond its bound: %s", (_, dimension) => expectCheap(berth, dimension));
});

describe("a query", () => {
  const PIECES = [
    "a&",
    "a=&",
    "=",
    "&",
    "+",
    "%",
    "%41",
    "a=b&",
    "\xff",
    "n=1&",
    "last=a&",
    "tag=a&",
    "scope=a:b:c&",
  ];
  const TARGETS: readonly (readonly [string, string])[] = [
    ["GET", "/v2/_catalog?"],
    ["GET", "/v2/_catalog?last="],
    ["GET", "/v2/app/tags/list?n="],
    ["GET", "/v2/app/tags/list?last="],
    ["GET", `/v2/app/referrers/${DIGEST}?artifactType=`],
    ["POST", "/v2/app/blobs/uploads/?mount="],
    ["POST", "/v2/app/blobs/uploads/?from="],
    ["POST", `/v2/app/blobs/uploads/?mount=${DIGEST}&from=`],
    ["PUT", "/v2/app/blobs/uploads/x?digest="],
    ["PUT", `/v2/app/manifests/${DIGEST}?tag=`],
    ["GET", "/v2/app/manifests/v1?"],
    ["GET", "/token?scope="],
    ["GET", "/token?scope=repository:app:"],
    ["GET", "/v1/access/explain?principal=arn:aws:iam::000000000000:root&action=ecr:GetImage&resource="],
    ["GET", "/v1/access/explain?resource=*&action=ecr:GetImage&principal="],
    ["GET", "/?Action=GetCallerIdentity&Version=2011-06-15&"],
    ["GET", "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Signature=0&X-Amz-SignedHeaders="],
    ["GET", "/?Action="],
    ["GET", "/metrics?"],
  ];
  test.each(
    TARGETS.flatMap(([method, target]) =>
      PIECES.map((piece) =>
        named(`${method} ${target.slice(0, 70)} ${JSON.stringify(piece)}`, HEADER_MAX, (size) =>
          requestText(method, fill(size, piece, target), [AUTHORIZATION, "Content-Length: 0"]),
        ),
      ),
    ),
  )("%s", (_, dimension) => expectCheap(berth, dimension));
});

describe("a header", () => {
  const PIECES = [
    "a",
    " ",
    ",",
    ";",
    '"',
    '"",',
    "a,",
    "a=b;",
    ":",
    "/",
    "0-1,",
    "1",
    "=",
    "\t",
    "::ffff:",
    "127.0.0.1,",
  ];
  const HEADERS: readonly (readonly [string, string])[] = [
    ...[
      "Host: ",
      "User-Agent: ",
      "Accept: ",
      "Origin: ",
      "Sec-Fetch-Site: ",
      "Cookie: ",
      "Content-Type: ",
    ].map((header) => ["/v2/app/manifests/v1", header] as const),
    ...[
      "Forwarded: ",
      "Forwarded: for=",
      "X-Forwarded-For: ",
      "X-Forwarded-Host: ",
      "X-Forwarded-Proto: ",
    ].map((header) => ["/v2/", header] as const),
    ...["Range: ", "Range: bytes=", "If-Range: ", "If-None-Match: ", "If-Match: ", "If-Modified-Since: "].map(
      (header) => [BLOB, header] as const,
    ),
    ...["If-None-Match: ", "If-Match: ", "X-Anything: "].map(
      (header) => ["/v2/app/manifests/v1", header] as const,
    ),
  ];
  test.each(
    HEADERS.flatMap(([target, header]) =>
      PIECES.map((piece) =>
        named(`${header}${JSON.stringify(piece)}`, HEADER_MAX, (size) =>
          requestText("GET", target, [AUTHORIZATION, fill(size, piece, header, "x")]),
        ),
      ),
    ),
  )("%s", (_, dimension) => expectCheap(berth, dimension));

  const PROOFS = [
    "Basic ",
    "Bearer ",
    "Bearer a.b.",
    "AWS4-HMAC-SHA256 ",
    "AWS4-HMAC-SHA256 Credential=",
    "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/iam/aws4_request, Signature=0, SignedHeaders=",
  ];
  test.each(
    PROOFS.flatMap((proof) =>
      [...PIECES, "Credential=", "QQ", "eyJ", "a.", "=,"].flatMap((piece) =>
        ["/v2/", "/token", "/?Action=GetUser&Version=2010-05-08"].map((target) =>
          named(`${target.slice(0, 7)} Authorization: ${proof}${JSON.stringify(piece)}`, HEADER_MAX, (size) =>
            requestText("GET", target, [fill(size, piece, `Authorization: ${proof}`, "x")]),
          ),
        ),
      ),
    ),
  )("%s", (_, dimension) => expectCheap(berth, dimension));

  test.each([
    named("as many as fit", HEADER_MAX, (size) =>
      requestText("GET", "/v2/", [AUTHORIZATION, ...Array.from({ length: size / 9 }, (_, at) => `h${at}:b`)]),
    ),
    named("as many of one name as fit", HEADER_MAX, (size) =>
      requestText("GET", "/v2/", [AUTHORIZATION, ...Array.from({ length: size / 6 }, () => "a:b")]),
    ),
    named("as many X-Amz- as fit", HEADER_MAX, (size) =>
      requestText("GET", "/?Action=GetUser&Version=2010-05-08", [
        `Authorization: AWS4-HMAC-SHA256 Credential=AKIATESTADMINISTRATOR/${STAMP.slice(0, 8)}/us-east-1/iam/aws4_request, Signature=${"0".repeat(64)}, SignedHeaders=host;${Array.from({ length: size / 24 }, (_, at) => `x-${String(at).padStart(4, "0")}`).join(";")}`,
        `X-Amz-Date: ${STAMP}`,
        ...Array.from({ length: size / 30 }, (_, at) => `x-amz-${String(at).padStart(4, "0")}:b`),
      ]),
    ),
  ])("%s", (_, dimension) => expectCheap(berth, dimension));
});
