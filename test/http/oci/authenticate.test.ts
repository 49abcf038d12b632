import { describe, expect, test } from "vitest";
import { authenticate, type Entrance, type Proven } from "../../../src/http/access/authenticate.ts";
import { basicChallenge, type Challenge } from "../../../src/http/access/challenge.ts";
import { Permissions } from "../../../src/http/access/permissions.ts";
import type { Client } from "../../../src/http/client.ts";
import { originOf } from "../../../src/http/origin.ts";
import { type Call, PERMISSIONS } from "../../../src/iam/actions.ts";
import type { Authentication } from "../../../src/iam/authenticator.ts";
import type { Authorizer, Denial, RequestContext } from "../../../src/iam/authorizer.ts";
import { type AccountPrincipal, ANONYMOUS, type Principal } from "../../../src/iam/principal.ts";
import { parseRepositoryName } from "../../../src/registry/names.ts";
import { refusal } from "../../registry/refusal.ts";
import { HOUR } from "../../support/clock.ts";
import { UNCOUNTED } from "../../support/logins.ts";

const ACCOUNT = "123456789012";
const REGION = "eu-north-1";
const principal: AccountPrincipal = {
  ...{ kind: "user", account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/x`, name: "x" },
  ...{ accessKeyId: "AKIAEXAMPLEEXAMPLE12", uniqueId: "AIDAEXAMPLEEXAMPLE123" },
};
const client = clientWith({});
const NOW = new Date("2030-01-01T12:00:00Z");
const ACCESS = [{ type: "repository", name: "team/app", actions: ["pull"] }];

function clientWith(more: Partial<Client>): Client {
  const facts = { ip: "203.0.113.7", secure: false, host: "registry:5050", ...more };
  return { ...facts, origin: originOf({ ...facts, port: undefined, externalUrl: undefined }) };
}

/** What a header proves, knocking at some door. */
function knock(
  found: Partial<Extract<Authentication, { state: "proven" }>> | Authentication,
  { header = "right", ...entrance }: Partial<Entrance> & { readonly header?: string } = {},
): Promise<Proven> {
  const proven = { state: "proven", principal, access: undefined, region: undefined };
  const authenticator = {
    authenticate: async () => ({ ...("state" in found ? {} : proven), ...found }) as Authentication,
  };
  return authenticate(authenticator, header, entranceWith(entrance));
}

function entranceWith(more: Partial<Entrance> = {}): Entrance {
  return {
    attempt: UNCOUNTED,
    ...{ client, call: "getManifest", address: { account: ACCOUNT, region: REGION }, now: NOW },
    ...{ challenge: () => basicChallenge(client), admitsAnonymous: false, ...more },
  };
}

const CHALLENGED = { headers: { "WWW-Authenticate": 'Basic realm="http://registry:5050/",service="berth"' } };
const NOT_VALID = refusal("UNAUTHORIZED", 401, "the credentials are not valid");

describe("a request", () => {
  test("with credentials that are right is the principal's", async () => {
    expect(await knock({})).toMatchObject({ principal, access: undefined });
    expect(await knock({ access: ACCESS })).toMatchObject({ principal, access: ACCESS });
  });

  test("without credentials is challenged, and nobody is asked", async () => {
    const authenticator = { authenticate: () => Promise.reject(new Error("asked")) };
    const refused = authenticate(authenticator, undefined, entranceWith());
    await expect(refused).rejects.toThrow(refusal("UNAUTHORIZED", 401, "authentication required"));
    await expect(refused).rejects.toMatchObject(CHALLENGED);
  });

  test.each(["", "wrong", "Bearer wrong"])(
    "with credentials %j that are refused is challenged",
    async (header) => {
      const refused = knock({ state: "refused" }, { header });
      await expect(refused).rejects.toThrow(NOT_VALID);
      await expect(refused).rejects.toMatchObject(CHALLENGED);
    },
  );

  test.each([
    [{ secure: true }, 'Basic realm="https://registry:5050/",service="berth"'],
    [{ host: "[::1]:5050" }, 'Basic realm="http://[::1]:5050/",service="berth"'],
    [{ host: 'x",service="evil' }, 'Basic realm="http://xserviceevil/",service="berth"'],
    [{ host: "x\r\nSet-Cookie: a=b" }, 'Basic realm="http://xSet-Cookie:ab/",service="berth"'],
  ])("from %j is challenged with the realm of its host and nothing more", async (more, wanted) => {
    const challenge = (): string => basicChallenge(clientWith(more));
    await expect(knock({ state: "refused" }, { challenge })).rejects.toMatchObject({
      headers: { "WWW-Authenticate": wanted },
    });
  });

  test.each([
    ["a bearer", "Bearer x", "invalid_token"],
    ["a bearer in any letter case", "bEARER x", "invalid_token"],
    ["a password", "Basic x", undefined],
  ])("with %s that is refused hears what to do about it", async (_, header, wanted) => {
    const challenge: Challenge = (error) => `challenge ${error}`;
    await expect(knock({ state: "refused" }, { header, challenge })).rejects.toMatchObject({
      headers: { "WWW-Authenticate": `challenge ${wanted}` },
    });
  });

  test.each([
    ["of this region", REGION, true],
    ["of another region", "us-east-1", false],
    ["of this registry", `${ACCOUNT}/${REGION}`, true],
    ["of the registry of another account", `210987654321/${REGION}`, false],
    ["of this account's registry elsewhere", `${ACCOUNT}/us-east-1`, false],
  ])("with a token %s", async (_, region, good) => {
    if (good) expect(await knock({ region })).toMatchObject({ principal });
    else await expect(knock({ region })).rejects.toThrow(NOT_VALID);
  });

  test("that is nobody's is let in where that is admitted", async () => {
    const nobody = { principal: ANONYMOUS, access: ACCESS };
    await expect(knock(nobody)).rejects.toThrow(NOT_VALID);
    expect(await knock(nobody, { admitsAnonymous: true })).toMatchObject(nobody);
  });
});

describe("a token past its time", () => {
  const UPLOADS = ["patchUpload", "completeUpload", "getUpload", "cancelUpload"];
  const knockLate = (
    call: string,
    after: number,
    {
      access,
      region,
    }: Partial<Pick<Extract<Authentication, { state: "expired" }>, "access" | "region">> = {},
  ) => {
    const since = new Date(NOW.getTime() - after);
    return knock({ state: "expired", principal, since, access, region }, { call });
  };
  const EXPIRED = refusal(
    ...(["DENIED", 401] as const),
    "Your authorization token has expired. Reauthenticate and try again.",
  );

  test.each(["ping", ...Object.keys(PERMISSIONS).filter((call) => !UPLOADS.includes(call))])(
    "is refused for %s, in AWS's words",
    async (call) => {
      const refused = knockLate(call, 0);
      await expect(refused).rejects.toThrow(EXPIRED);
      await expect(refused).rejects.toMatchObject(CHALLENGED);
    },
  );

  test.each(UPLOADS)("finishes an upload by %s for an hour", async (call) => {
    expect(await knockLate(call, 0)).toEqual({ principal, access: undefined, byToken: true });
    expect(await knockLate(call, HOUR - 1)).toEqual({ principal, access: undefined, byToken: true });
    await expect(knockLate(call, HOUR)).rejects.toThrow(EXPIRED);
  });

  test("stays as narrow as it was", async () => {
    expect(await knockLate("patchUpload", 0, { access: ACCESS })).toEqual({
      principal,
      access: ACCESS,
      byToken: true,
    });
  });

  test.each(["us-east-1", `${ACCOUNT}/us-east-1`, `210987654321/${REGION}`])(
    "stays that of %s, and finishes nothing here",
    async (region) => {
      await expect(knockLate("patchUpload", 0, { region })).rejects.toThrow(EXPIRED);
    },
  );

  test.each([REGION, `${ACCOUNT}/${REGION}`])("stays that of %s, and finishes here", async (region) => {
    expect(await knockLate("patchUpload", 0, { region })).toEqual({
      principal,
      access: undefined,
      byToken: true,
    });
  });
});

describe("permissions", () => {
  const context: RequestContext = {
    sourceIp: client.ip,
    secureTransport: false,
    time: new Date(0),
    userAgent: "docker",
  };
  const NAME = parseRepositoryName("team/app");
  const address = { account: ACCOUNT, region: REGION };

  interface Deciding extends Partial<Proven> {
    /** Allows these actions. */
    readonly allowed?: readonly string[];
    readonly challenge?: Challenge;
    readonly keepDenial?: (denial: Denial) => string | undefined;
  }

  /** `asked` is what the authorizer was asked. */
  function deciding({ allowed = [], challenge, keepDenial, ...proven }: Deciding = {}) {
    const asked: unknown[][] = [];
    const authorizer: Authorizer = {
      async decide(...question) {
        asked.push(question);
        const [, action] = question;
        return allowed.includes(action) ? { allowed: true } : { allowed: false, reason: `no ${action}` };
      },
      ...(keepDenial === undefined ? {} : { keepDenial }),
    };
    const whoever: Proven = { principal, access: undefined, byToken: false, ...proven };
    return {
      asked,
      permissions: new Permissions(authorizer, whoever, { address, context, challenge, requestId: "r-1" }),
    };
  }

  test.each(Object.keys(PERMISSIONS) as Call[])(
    "of %s are asked for its action on its resource",
    async (call) => {
      const { actions, resource } = PERMISSIONS[call];
      const name = resource === "repository" ? NAME : undefined;
      const arn = `arn:aws:ecr:eu-north-1:123456789012:repository/${name ?? "*"}`;
      const { asked, permissions } = deciding();
      await expect(permissions.require(call, name)).rejects.toThrow(
        refusal("DENIED", 403, `no ${actions.at(-1)}`),
      );
      expect(asked).toEqual(actions.map((action) => [principal, action, arn, context]));
    },
  );

  test.each(["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"])(
    "of a blob's head are either of two: %s",
    async (action) => {
      const { permissions } = deciding({ allowed: [action] });
      await permissions.require("headBlob", NAME);
      expect(await permissions.allows("headBlob", NAME)).toBe(true);
    },
  );

  test("that are there are asked for no further", async () => {
    const { asked, permissions } = deciding({ allowed: ["ecr:BatchCheckLayerAvailability"] });
    await permissions.require("headBlob", NAME);
    expect(asked).toHaveLength(1);
  });

  test("may be asked for without being required", async () => {
    const { permissions } = deciding({ allowed: ["ecr:GetDownloadUrlForLayer"] });
    expect(await permissions.allows("mountFrom", NAME)).toBe(true);
    expect(await permissions.allows("createRepository", NAME)).toBe(false);
  });

  test("that are missing may be explained later, by the id of the denial", async () => {
    const kept: Denial[] = [];
    const keepDenial = (denial: Denial): string => `denial ${kept.push(denial)}`;
    const { permissions } = deciding({ keepDenial });
    await expect(permissions.require("headBlob", NAME)).rejects.toMatchObject({
      detail: { decisionId: "denial 1" },
    });
    await permissions.allows("headBlob", NAME);
    expect(kept).toEqual([
      {
        ...{ principal, context, action: "ecr:GetDownloadUrlForLayer", requestId: "r-1" },
        resource: "arn:aws:ecr:eu-north-1:123456789012:repository/team/app",
        reason: "no ecr:GetDownloadUrlForLayer",
      },
    ]);
  });

  describe("of a narrowed token", () => {
    const everything = Object.values(PERMISSIONS).flatMap(({ actions }) => [...actions]);
    const mayOf = (access: Proven["access"]) => deciding({ allowed: everything, access }).permissions;

    test.each<readonly [string, Proven["access"], readonly Call[]]>([
      ["pull", ACCESS, ["getManifest", "headBlob", "getBlob", "listTags", "listReferrers", "mountFrom"]],
      [
        "delete",
        [{ type: "repository", name: "team/app", actions: ["delete"] }],
        ["deleteManifest", "deleteBlob"],
      ],
      ["nothing", [], []],
      ["another repository", [{ type: "repository", name: "team/other", actions: ["pull", "push"] }], []],
      ["another kind of thing", [{ type: "registry", name: "team/app", actions: ["pull"] }], []],
    ])("to %s are those calls alone", async (_, access, wanted) => {
      const calls = (Object.keys(PERMISSIONS) as Call[]).filter((call) => call !== "listRepositories");
      const found = await Promise.all(calls.map((call) => mayOf(access).allows(call, NAME)));
      expect(calls.filter((_, at) => found[at]).sort()).toEqual([...wanted].sort());
    });

    test("to the catalog are the list of repositories", async () => {
      const catalog = mayOf([{ type: "registry", name: "catalog", actions: ["*"] }]);
      await catalog.require("listRepositories", undefined);
      expect(await catalog.allows("getManifest", NAME)).toBe(false);
    });

    test("that do not cover a call say so", async () => {
      await expect(mayOf(ACCESS).require("putManifest", NAME)).rejects.toThrow(
        refusal("DENIED", 403, "the scope of the token does not cover putManifest on team/app"),
      );
    });

    test("are never more than the principal's", async () => {
      const { permissions } = deciding({ access: ACCESS });
      await expect(permissions.require("getManifest", NAME)).rejects.toThrow(
        refusal("DENIED", 403, "no ecr:BatchGetImage"),
      );
    });
  });

  describe("on a host that hands out tokens", () => {
    const challenge: Challenge = (error) => `challenge ${error}`;

    test.each<readonly [string, Principal, readonly string[], boolean]>([
      ["a narrow token may become a wider one", principal, ["ecr:PutImage"], true],
      ["nobody may become somebody", ANONYMOUS, [], true],
      ["a principal that may not is not sent round in circles", principal, [], false],
    ])("%s", async (_, whoever, allowed, another) => {
      const access = ACCESS;
      const { permissions } = deciding({ principal: whoever, access, allowed, challenge });
      const refused = permissions.require("putManifest", NAME);
      if (!another) return expect(refused).rejects.toThrow(refusal("DENIED", 403, "no ecr:PutImage"));
      await expect(refused).rejects.toThrow(refusal("UNAUTHORIZED", 401));
      await expect(refused).rejects.toMatchObject({
        headers: { "WWW-Authenticate": "challenge insufficient_scope" },
      });
    });
  });
});
