import { afterAll, describe, expect, test } from "vitest";
import { loadModel } from "../../src/aws-models/model.ts";
import { layerClient } from "../ecr/support/layers.ts";
import { requestText } from "../hostile/raw.ts";
import { startTestBerth } from "../support/berth.ts";
import { blob, digestOfText, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from "../support/manifests.ts";
import { pushBlob } from "../support/push.ts";
import { rowsOf } from "../support/rows.ts";
import { type Dimension, expectCheap, expectTurns, fill } from "./cost.ts";
import { signedForm, signedJson } from "./signed.ts";

const berth = await startTestBerth({ env: { BERTH_BEARER_HOSTS: "localhost" } });
afterAll(() => berth.stop());

const [KIB, MIB] = [1024, 1024 * 1024];
const CONFIG = "{}";
await pushBlob(berth, "app", CONFIG);

const named = (name: string, limit: number, request: Dimension["request"]): [string, Dimension] => [
  name,
  { name, limit, request },
];

const FORM_PIECES = [
  "a&",
  "a=b&",
  "=",
  "&",
  "+",
  "%",
  "%41",
  "\xff",
  "a.",
  "Tags.member.1.Key=a&",
  "Action=GetUser&",
];

describe("a form", () => {
  const post = (target: string, body: string, headers: readonly string[] = []): Buffer =>
    requestText(
      "POST",
      target,
      [...headers, `Content-Length: ${Buffer.byteLength(body, "latin1")}`],
      Buffer.from(body, "latin1"),
    );

  test.each(
    [...FORM_PIECES, "Version=2010-05-08&"].flatMap((piece) => [
      named(`of a stranger: ${JSON.stringify(piece)}`, 64 * KIB, (size) => post("/", fill(size, piece))),
      named(`of a stranger, beyond its bound: ${JSON.stringify(piece)}`, MIB, (size) =>
        post("/", fill(size, piece)),
      ),
      named(`for a token: ${JSON.stringify(piece)}`, 64 * KIB, (size) =>
        post("/token", fill(size, piece, "grant_type=password&username=u&password=p&scope="), [
          "Content-Type: application/x-www-form-urlencoded",
        ]),
      ),
      named(`of a provider's token: ${JSON.stringify(piece)}`, 64 * KIB, (size) =>
        post("/", fill(size, piece, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&WebIdentityToken=")),
      ),
      named(`that is signed: ${JSON.stringify(piece)}`, MIB, (size) =>
        signedForm("iam", "ListUsers", fill(size - 200, piece)),
      ),
    ]),
  )("%s", (_, dimension) => expectCheap(berth, dimension));

  test.each([
    named("of as many parts of names as there may be", MIB, (size) =>
      signedForm("iam", "ListUsers", fill(size - 200, `${"a.b.".repeat(7)}c=1&`)),
    ),
    named("of different parts of names", MIB, (size) =>
      signedForm(
        "iam",
        "TagUser",
        Array.from(
          { length: Math.min(3_990, size / 250) },
          (_, at) => `Tags.member.${at}.${`${at}.`.repeat(12)}a=1`,
        ).join("&"),
      ),
    ),
    named("of as many elements as there may be", 3_900, (size) =>
      signedForm(
        "iam",
        "SimulateCustomPolicy",
        Array.from({ length: size }, (_, at) => `ActionNames.member.${at + 1}=ecr:GetImage${at}`).join("&"),
      ),
    ),
  ])("%s", (_, dimension) => expectCheap(berth, dimension));
});

const everyMember = async (service: "iam" | "sts"): Promise<readonly [string, Dimension][]> => {
  const model = await loadModel(service);
  const seen = new Set<string>();
  const isNew = ([_, shape]: [string, string]): boolean => seen.size < seen.add(shape).size;
  return Object.entries(model.operations).flatMap(([operation, { input }]) =>
    Object.entries(model.shapes[input ?? ""]?.members ?? {})
      .filter(isNew)
      .map(([member]) =>
        named(`${operation}.${member}`, 300 * KIB, (size) =>
          signedForm(service, operation, fill(size, "a-a/a:a*", `${member}=`, "%00")),
        ),
      ),
  );
};

test.each([...(await everyMember("iam")), ...(await everyMember("sts"))])(
  "a member, of each type that there is: %s",
  (_, dimension) => expectCheap(berth, dimension),
);

const JSON_PIECES = [
  "[",
  "{",
  '{"a":',
  "[],",
  "{},",
  "0,",
  '"",',
  '"a":1,',
  '"',
  "\\",
  "\\u0061",
  " ",
  "9",
  "-",
  "ü",
  "1e5,",
];

describe("JSON", () => {
  const operations = ["DescribeRepositories", "CreateRepository", "SetRepositoryPolicy"];
  test.each(
    operations.flatMap((operation) =>
      JSON_PIECES.flatMap((piece) => [
        named(`${operation} of ${JSON.stringify(piece)}`, MIB, (size) =>
          signedJson(operation, fill(size, piece)),
        ),
        named(`${operation} with a text of ${JSON.stringify(piece)}`, MIB, (size) =>
          signedJson(operation, JSON.stringify({ repositoryName: fill(size / 2, piece) }).slice(0, MIB)),
        ),
        named(`${operation} with a list of ${JSON.stringify(piece)}`, MIB, (size) =>
          signedJson(operation, fill(size, piece, '{"repositoryNames":[', "0]}")),
        ),
      ]),
    ),
  )("%s", (_, dimension) => expectCheap(berth, dimension));

  test.each([
    named("of as many different keys as there may be", 15_900, (size) =>
      signedJson(
        "CreateRepository",
        JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${at}`, at]))),
      ),
    ),
    named("of as many objects, each of another shape", 4_900, (size) =>
      signedJson(
        "CreateRepository",
        JSON.stringify({ tags: Array.from({ length: size }, (_, at) => ({ [`k${at}`]: at })) }),
      ),
    ),
    named("of as many tags", 4_900, (size) =>
      signedJson(
        "CreateRepository",
        JSON.stringify({
          repositoryName: "x",
          tags: Array.from({ length: size }, (_, at) => ({ Key: `${at}`, Value: "v" })),
        }),
      ),
    ),
    named("of names", 15_900, (size) =>
      signedJson(
        "DescribeRepositories",
        JSON.stringify({ repositoryNames: Array.from({ length: size }, (_, at) => `a${at}`) }),
      ),
    ),
    named("of a page token", MIB, (size) =>
      signedJson("DescribeRepositories", JSON.stringify({ nextToken: "A".repeat(size - 50) })),
    ),
    ...["a", "a-", "a/", "_", ".", "-", "A"].map((piece) =>
      named(`of a name of ${piece}`, MIB, (size) =>
        signedJson("CreateRepository", JSON.stringify({ repositoryName: fill(size - 50, piece, "a", "!") })),
      ),
    ),
  ])("%s", (_, dimension) => expectCheap(berth, dimension));
});

describe("a part of a layer", () => {
  const UPLOAD = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
  const head = `{"repositoryName":"app","uploadId":"${UPLOAD}","partFirstByte":0,"partLastByte":9,"layerPartBlob":"`;
  const part = (size: number, piece: string, end = '"}'): Buffer =>
    signedJson("UploadLayerPart", fill(size, piece, head, end));
  const pieces = ["AAAA", "\\/AAA", "\\u0041", "\\u0041AAA", "\\", '"', "=", "-", " ", "ü", "\n"];
  const bodies = [
    ...pieces.map((piece) => ({
      name: `of ${JSON.stringify(piece)}`,
      sent: (size: number) => part(size, piece),
    })),
    ...JSON_PIECES.map((piece) => ({
      name: `that is ${JSON.stringify(piece)}`,
      sent: (size: number) => signedJson("UploadLayerPart", fill(size, piece)),
    })),
    { name: "without an end", sent: (size: number) => part(size, "AAAA", "") },
    {
      name: "with much behind it",
      sent: (size: number) => signedJson("UploadLayerPart", fill(size, '"a":1,', `${head}",`, '"b":1}')),
    },
  ];

  test.each(bodies)("$name costs what its size accounts for", ({ name, sent }) =>
    expectCheap(berth, { name, limit: 4 * MIB, request: sent }),
  );
  test.each(bodies)("$name keeps nobody waiting when it is as large as may be", ({ name, sent }) =>
    expectTurns(berth, { name, limit: 28 * MIB - 8, request: sent }),
  );

  test.each(['"" ', ':"" '])("with a long name and many times %s behind it is cheap", (text) =>
    expectCheap(berth, {
      ...{ name: "long name", limit: 64 * 1024 },
      request: (size) => signedJson("UploadLayerPart", fill(size, text, `{"${"a".repeat(size / 3)}":`)),
    }),
  );

  test("that is taken keeps nobody waiting", async () => {
    const client = layerClient(berth, "app");
    const bytes = Buffer.alloc(20 * MIB, "x");
    let uploadId = "";
    const request = (): Buffer =>
      signedJson(
        "UploadLayerPart",
        JSON.stringify({ repositoryName: "app", ...client.part(uploadId, 0, bytes) }),
      );
    uploadId = await client.begin();
    const requests = [request()];
    await expectTurns(berth, {
      ...{ name: "taken", limit: bytes.length, request: () => requests.at(-1) as Buffer },
      async before() {
        uploadId = await client.begin();
        requests.push(request());
      },
    });
    const [taken] = await rowsOf<{ size: number }>(berth, "SELECT size FROM uploads WHERE id = $1", [
      uploadId,
    ]);
    expect(taken).toEqual({ size: bytes.length });
  });
});

describe("a manifest", () => {
  const put = (body: string, type = OCI_MANIFEST): Buffer => {
    const bytes = Buffer.from(body);
    const headers = [
      `Authorization: ${berth.authorization}`,
      `Content-Type: ${type}`,
      `Content-Length: ${bytes.length}`,
    ];
    return requestText("PUT", "/v2/app/manifests/v1", headers, bytes);
  };
  const head = `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":${JSON.stringify(blob(CONFIG, OCI_CONFIG))},"layers":[]`;
  const LARGEST = 4 * MIB - 500;

  test.each(
    JSON_PIECES.flatMap((piece) => [
      named(`of ${JSON.stringify(piece)}`, LARGEST, (size) => put(fill(size, piece))),
      named(`with a text of ${JSON.stringify(piece)}`, LARGEST, (size) =>
        put(`${head},"x":${JSON.stringify(piece.repeat(Math.floor(size / 2 / piece.length)))}}`),
      ),
      named(`with a list of ${JSON.stringify(piece)}`, LARGEST, (size) =>
        put(fill(size, piece, `${head},"x":[`, "0]}")),
      ),
      named(`with a digest of ${JSON.stringify(piece)}`, LARGEST, (size) =>
        put(fill(size, piece, `${head},"subject":{"mediaType":"a/b","size":1,"digest":"sha256:`, '"}}')),
      ),
      named(`with a media type of ${JSON.stringify(piece)}`, LARGEST, (size) =>
        put(fill(size, piece, `${head},"artifactType":"`, '"}')),
      ),
    ]),
  )("%s", (_, dimension) => expectCheap(berth, dimension));

  const descriptors = (size: number, same: boolean): string =>
    JSON.stringify(Array.from({ length: size }, (_, at) => blob(same ? CONFIG : `${at}`, "a/b")));
  test.each([
    named("of as many layers as there may be, all there", 4_990, (size) =>
      put(`${head.replace("[]", descriptors(size, true))}}`),
    ),
    named("of as many layers as there may be, all absent", 4_990, (size) =>
      put(`${head.replace("[]", descriptors(size, false))}}`),
    ),
    named("of as many entries as there may be, all absent", 4_990, (size) =>
      put(
        `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":${descriptors(size, false)}}`,
        OCI_INDEX,
      ),
    ),
    named("of as many annotations as there may be", 15_900, (size) =>
      put(
        `${head},"annotations":${JSON.stringify(Object.fromEntries(Array.from({ length: size }, (_, at) => [`k${at}`, "v"])))}}`,
      ),
    ),
    named("of as many objects, each of another shape", 4_900, (size) =>
      put(
        `${head},"x":${JSON.stringify(Array.from({ length: size }, (_, at) => ({ [`a${at}`]: 1, [`b${at}`]: 2 })))}}`,
      ),
    ),
    named("of annotations that are large", LARGEST, (size) =>
      put(`${head},"annotations":{"a":"${"x".repeat(size - 500)}"}}`),
    ),
  ])("%s", (_, dimension) => expectCheap(berth, dimension));

  test.each(["a,", "application/json;", '"",', " ", ";"])("that is conditional on %j", async (piece) => {
    for (const header of ["If-Match", "If-None-Match", "Content-Type"]) {
      await expectCheap(berth, {
        name: header,
        limit: 30_000,
        request: (size) =>
          requestText("PUT", `/v2/app/manifests/${digestOfText("x")}`, [
            `Authorization: ${berth.authorization}`,
            fill(size, piece, `${header}: `, "x"),
            "Content-Length: 0",
          ]),
      });
    }
  });
});
