import { describe, expect, test } from "vitest";
import { getCatalog, getReferrers, getTags } from "../../../src/http/oci/lists.ts";
import type { OciDependencies, OciRequest } from "../../../src/http/oci/request.ts";
import { Parameters, QUERY_LIMITS } from "../../../src/kernel/parameters.ts";
import { digestOf } from "../../../src/registry/digest.ts";
import type { RegistryPorts } from "../../../src/registry/ports/index.ts";
import { manifestStore, SCOPE } from "../../registry/manifests/registry.ts";
import { refusal } from "../../registry/refusal.ts";

const digest = digestOf(Buffer.from("subject"));
const names = Array.from({ length: 1_500 }, (_, at) => `r${String(at).padStart(4, "0")}`);
const tags = Object.fromEntries(["a", "b", "c"].map((tag) => [tag, digest]));
const referrers = [1, 2, 3].map((id) => ({
  ...{ id, digest: digestOf(Buffer.from(String(id))), mediaType: "x/y", size: id },
  ...{ artifactType: "a/b+c d", annotationsText: undefined },
}));

const dependencies = {
  ports: {
    manifests: manifestStore({ tags, referrers }),
    repositories: {
      listNames: async (_: unknown, after: string, limit: number) =>
        names.filter((name) => name > after).slice(0, limit),
    },
  } as unknown as RegistryPorts,
  cursors: { open: (_: unknown, cursor: string) => cursor },
} as OciDependencies;

function request(query: string, prefix = ""): OciRequest {
  const made: Partial<OciRequest> = {
    query: Parameters.parse(query, QUERY_LIMITS),
    scope: SCOPE,
    authorize: async () => undefined,
    visible: async (asked) => asked,
    locate: (path) => `${prefix}${path}`,
  };
  return made as OciRequest;
}

async function catalog(query: string) {
  const { headers, body } = await getCatalog(dependencies, request(query));
  return { link: headers["Link"], repositories: JSON.parse(String(body)).repositories as string[] };
}

describe("n and last", () => {
  test.each([
    ["", 1000, "r0999"],
    ["n=1", 1, "r0000"],
    ["n=1000000", 1000, "r0999"],
    ["n=2&last=r0003", 2, "r0005"],
    ["n=0", 0, undefined],
    ["last=r0600", 899, "r1499"],
  ])("%j gives %i names", async (query, count, last) => {
    const { repositories } = await catalog(query);
    expect(repositories).toHaveLength(count);
    expect(repositories.at(-1)).toBe(last);
  });

  test.each(["-1", "", "x", "1.5", "1e3", "0x10", " 1", "9".repeat(16)])("n=%j is refused", async (n) => {
    await expect(catalog(new URLSearchParams({ n }).toString())).rejects.toThrow(
      refusal("PAGINATION_NUMBER_INVALID", 400, `n must be a number, not ${JSON.stringify(n)}`),
    );
  });
});

describe("the link to the next page", () => {
  test("says how many and after which, and is absent at the end", async () => {
    expect((await catalog("n=2")).link).toBe('</v2/_catalog?n=2&last=r0001>; rel="next"');
    expect((await catalog("n=2&last=r1497")).link).toBeUndefined();
    expect((await catalog("n=0")).link).toBeUndefined();
  });

  test("is below the external URL where there is one", async () => {
    const { headers } = await getTags(dependencies, request("n=1", "https://r.example"), ["team/app"]);
    expect(headers["Link"]).toBe('<https://r.example/v2/team/app/tags/list?n=1&last=a>; rel="next"');
  });

  test("of referrers keeps the filter, escaped", async () => {
    const query = "n=2&artifactType=a%2Fb%2Bc%20d";
    const { headers } = await getReferrers(dependencies, request(query), ["team/app", digest]);
    expect(headers).toMatchObject({
      "Content-Type": "application/vnd.oci.image.index.v1+json",
      "OCI-Filters-Applied": "artifactType",
      Link: `</v2/team/app/referrers/${digest}?artifactType=a%2Fb%2Bc%20d&n=2&last=2>; rel="next"`,
    });
  });

  test("of referrers is absent at the end, and nothing is said of filters without one", async () => {
    const { headers } = await getReferrers(dependencies, request("last=2"), ["team/app", digest]);
    expect(headers).not.toHaveProperty("Link");
    expect(headers).not.toHaveProperty("OCI-Filters-Applied");
  });
});

test("a cursor that is none begins at the beginning", async () => {
  const { body } = await getReferrers(dependencies, request("last=sha256:x"), ["team/app", digest]);
  expect(JSON.parse(String(body)).manifests).toHaveLength(3);
});
