import { expect, test } from "vitest";
import { loadModel, type ServiceModel } from "../../../src/aws-models/model.ts";
import { escapeXml, toXml } from "../../../src/http/aws/xml-presenter.ts";

const iam = await loadModel("iam");

const every: ServiceModel = {
  protocol: "query",
  apiVersion: "1",
  signingName: "x",
  operations: {},
  shapes: {
    Output: {
      type: "structure",
      members: { List: "List", Flat: "Flat", Map: "Map", Blob: "Blob", B: "B", N: "N" },
    },
    List: { type: "list", member: "S" },
    Flat: { type: "list", member: "S", flattened: true },
    Map: { type: "map", key: "S", value: "List" },
    S: { type: "string" },
    Blob: { type: "blob" },
    B: { type: "boolean" },
    N: { type: "long" },
  },
};

test("lists, maps, blobs and scalars", () => {
  const output = {
    List: ["a", "b"],
    Flat: ["c", "d"],
    Map: { k: ["v"] },
    Blob: Buffer.from("abc"),
    B: false,
    N: 0,
    No: 1,
  };
  expect(toXml(every, "Output", output)).toBe(
    "<List><member>a</member><member>b</member></List><Flat>c</Flat><Flat>d</Flat><Map><entry><key>k</key><value><member>v</member></value></entry></Map><Blob>YWJj</Blob><B>false</B><N>0</N>",
  );
});

test("a user, as IAM writes one", () => {
  const User = {
    Path: "/",
    UserName: "a&b",
    UserId: "AIDA",
    Arn: "arn:aws:iam::1:user/a",
    CreateDate: new Date("2020-01-02T03:04:05.678Z"),
    Tags: undefined,
  };
  expect(toXml(iam, "CreateUserResponse", { User })).toBe(
    "<User><Arn>arn:aws:iam::1:user/a</Arn><CreateDate>2020-01-02T03:04:05Z</CreateDate><Path>/</Path><UserId>AIDA</UserId><UserName>a&amp;b</UserName></User>",
  );
});

test("an empty list is an empty element", () => {
  expect(toXml(iam, "ListUsersResponse", { Users: [], IsTruncated: false })).toBe(
    "<IsTruncated>false</IsTruncated><Users></Users>",
  );
});

test.each([
  ["<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"],
  ["a\r\n\tb", "a&#xD;\n\tb"],
  ["\0\u0008\ufffe\ud800", "\ufffd\ufffd\ufffd\ufffd"],
  ["😀", "😀"],
])("%j is written as %j", (text, expected) => {
  expect(escapeXml(text)).toBe(expected);
});
