import { afterAll, describe, expect, test } from "vitest";
import { allow, openScene } from "../access/scene.ts";
import { basic, makeTestHome, startTestBerth } from "../support/berth.ts";
import { digestOfText, image, OCI_CONFIG } from "../support/manifests.ts";
import { pushBlob, pushImage, pushManifest } from "../support/push.ts";
import { once, type RawAnswer, requestText } from "./raw.ts";

// GET and HEAD of manifests and blobs go past the framework when nothing of their path needs decoding. So the same path
// with one letter encoded, which means the same, goes through it, and must be answered the same, byte for byte.

const home = await makeTestHome();
const berth = await startTestBerth({ home });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const AUTH = `Authorization: ${berth.authorization}`;
const NAME = "lanes/app";
const CONTENT = "0123456789";
const BLOB = await pushBlob(berth, NAME, CONTENT);
const IMAGE = await pushImage(berth, NAME, "v1", "lanes");
await pushBlob(berth, NAME, "{}", "sha512");
await pushManifest(
  berth,
  NAME,
  image({ mediaType: OCI_CONFIG, digest: digestOfText("{}", "sha512"), size: 2 }, []),
  "v2",
);
await pushBlob(berth, "manifests/manifests/blobs", CONTENT);
await pushImage(berth, "manifests/manifests/blobs", "manifests", "odd names");

/** Somebody who may do one thing in this repository and nothing else. */
async function whoMay(name: string, action: string): Promise<string> {
  const scene = openScene(berth, home, { now: () => new Date() });
  const { accessKeyId, secretAccessKey } = await scene.makeUser(name, [allow([action], NAME)]);
  return `Authorization: ${basic(accessKeyId, secretAccessKey)}`;
}
const MAY_READ_MANIFESTS = await whoMay("manifests", "ecr:BatchGetImage");
const MAY_READ_BLOBS = await whoMay("blobs", "ecr:GetDownloadUrlForLayer");
const MAY_ASK_FOR_BLOBS = await whoMay("existence", "ecr:BatchCheckLayerAvailability");

const manifests = `/v2/${NAME}/manifests`;
const blobs = `/v2/${NAME}/blobs`;
const PATHS = [
  `${manifests}/v1`,
  `${manifests}/v2`,
  `${manifests}/${IMAGE.digest}`,
  `${manifests}/${IMAGE.digest}?tag=a&b=c`,
  `${manifests}/v1?%00`,
  `${manifests}/none`,
  `${manifests}/${BLOB}`,
  `${manifests}/sha256:abc`,
  `${manifests}/sha256:${"A".repeat(64)}`,
  `${manifests}/.dot`,
  `${manifests}/${"t".repeat(129)}`,
  `${manifests}/v1;x`,
  `${manifests}/v1:`,
  `${manifests}/a:b:c`,
  `${manifests}/`,
  `${manifests}/v1/`,
  `${manifests}//v1`,
  `${blobs}/${BLOB}`,
  `${blobs}/${BLOB}?x=%2F`,
  `${blobs}/${BLOB}?n=%00`,
  `${blobs}/${IMAGE.digest}`,
  `${blobs}/sha512:${"0".repeat(128)}`,
  `${blobs}/md5:${"0".repeat(32)}`,
  `${blobs}/sha256:short`,
  `${blobs}/:`,
  `${blobs}/none`,
  `${blobs}/`,
  `/v2/lanes/none/manifests/v1`,
  `/v2/lanes/none/blobs/${BLOB}`,
  `/v2/lanes//manifests/v1`,
  `/v2/lanes/App/manifests/v1`,
  `/v2/lanes/app-/blobs/${BLOB}`,
  `/v2/lanes/${"a".repeat(300)}/manifests/v1`,
  `/v2/lanes/../app/manifests/v1`,
  `/v2/manifests/manifests/blobs/manifests/manifests`,
  `/v2/manifests/manifests/blobs/blobs/${BLOB}`,
  `/v2/manifests/manifests/manifests/blobs/manifests/x`,
];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  "nothing special": [AUTH],
  "no authorization": [],
  "wrong authorization": ["Authorization: Basic AAAA"],
  "leave to read manifests": [MAY_READ_MANIFESTS],
  "leave to read blobs": [MAY_READ_BLOBS],
  "leave to ask whether blobs exist": [MAY_ASK_FOR_BLOBS],
  "If-None-Match that matches": [AUTH, `If-None-Match: "${BLOB}", W/"${IMAGE.digest}"`],
  "If-None-Match: *": [AUTH, "If-None-Match: *"],
  "If-None-Match that does not": [AUTH, 'If-None-Match: "x"'],
  "Accept of something else": [AUTH, "Accept: text/html", "Accept: application/*;q=0"],
  "a range": [AUTH, "Range: bytes=2-4"],
  "a range of the end": [AUTH, "Range: bytes=-3"],
  "a range outside": [AUTH, "Range: bytes=100-"],
  "a range that is none": [AUTH, "Range: bytes=x"],
  "If-Range that holds": [AUTH, "Range: bytes=0-0", `If-Range: "${BLOB}"`],
  "If-Range that does not": [AUTH, "Range: bytes=0-0", 'If-Range: "x"'],
  "the host of another account": [AUTH, "X-Other: 1"],
  "Connection: close": [AUTH, "Connection: close"],
  "a body": [AUTH, "Content-Length: 0"],
};

async function ask(
  method: string,
  path: string,
  headers: readonly string[],
  host: string,
): Promise<RawAnswer | undefined> {
  const text = requestText(method, path, headers)
    .toString("latin1")
    .replace("Host: localhost", `Host: ${host}`);
  return once(berth.url, text, method);
}

/** The same path, of which the first letter behind the prefix is encoded. */
function encoded(path: string): string {
  return path.replace(/^\/v2\/(\w)/, (_, letter: string) => `/v2/%${letter.charCodeAt(0).toString(16)}`);
}

/**
 * Everything that may not differ: all but the date and the ids of the request and of what was decided. What says that a
 * path is none repeats it as it came, and so has another length.
 */
function told(answer: RawAnswer | undefined): unknown {
  const head = answer?.head
    .replace(/^date: .*$/im, "")
    .replace(/^x-request-id: .*$/im, "x-request-id")
    .replace(/^content-length: .*$/im, answer.status === 404 ? "content-length" : "$&");
  const body = answer?.body
    .toString("latin1")
    .replace(/"decisionId":"[^"]*"/, '"decisionId"')
    .replace(/(?<=\/v2\/)%[\da-f]{2}/, decodeURIComponent);
  return { head, body };
}

describe.each(Object.entries(HEADERS))(
  "both lanes give the same answer to a request with %s",
  (what, headers) => {
    test.each(["GET", "HEAD"])("%s", async (method) => {
      const host = what.startsWith("the host") ? "111111111111.dkr.ecr.eu-west-1.example" : "localhost";
      const kinds = new Set<number | undefined>();
      for (const path of PATHS) {
        const [fast, slow] = await Promise.all([
          ask(method, path, headers, host),
          ask(method, encoded(path), headers, host),
        ]);
        expect(fast, path).toBeDefined();
        expect(told(fast), `${method} ${path}`).toEqual(told(slow));
        kinds.add(fast?.status);
      }
      expect(kinds.size).toBeGreaterThan(host === "localhost" && headers.includes(AUTH) ? 2 : 0);
    });
  },
);

test.each([
  [MAY_READ_MANIFESTS, { GET: [200, 403], HEAD: [200, 403] }],
  [MAY_READ_BLOBS, { GET: [403, 200], HEAD: [403, 200] }],
  [MAY_ASK_FOR_BLOBS, { GET: [403, 403], HEAD: [403, 200] }],
])("manifests and blobs each want their own permission (%#)", async (authorization, expected) => {
  for (const [method, statuses] of Object.entries(expected)) {
    const paths = [`${manifests}/${IMAGE.digest}`, `${blobs}/${BLOB}`];
    const answers = await Promise.all(paths.map((path) => ask(method, path, [authorization], "localhost")));
    expect(answers.map((answer) => answer?.status)).toEqual(statuses);
  }
});

test("a path that needs decoding is answered as well, by the framework", async () => {
  const answers = [`${manifests}/v1`, `${manifests}/v1`.replace("lanes", "%6canes")].map((path) =>
    ask("GET", path, [AUTH], "localhost"),
  );
  const [plain, decoded] = await Promise.all(answers);
  expect(told(decoded)).toEqual(told(plain));
});
