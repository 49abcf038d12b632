import { describe, expect, test } from "vitest";
import { administratorArn } from "../../src/iam/access-keys.ts";
import { PERMISSIONS, repositoryArn } from "../../src/iam/actions.ts";
import { AdministratorAuthorizer, type Authorizer, type RequestContext } from "../../src/iam/authorizer.ts";
import { ANONYMOUS, type Principal } from "../../src/iam/principal.ts";

const OWN = "123456789012";
const OTHER = "210987654321";
const authorizer: Authorizer = new AdministratorAuthorizer();
const context: RequestContext = {
  sourceIp: "10.0.0.1",
  secureTransport: true,
  time: new Date(0),
  userAgent: "",
};

function user(arn: string, account = OWN): Principal {
  return { kind: "user", account, arn, accessKeyId: "AKIAEXAMPLEEXAMPLE12" };
}

const administrator = user(administratorArn(OWN));

describe("the administrator of an account", () => {
  const actions = [...new Set(Object.values(PERMISSIONS).flatMap((permission) => permission.actions))];

  test.each(actions)("may %s in it", async (action) => {
    expect(
      await authorizer.decide(administrator, action, repositoryArn(OWN, "eu-north-1", "x"), context),
    ).toEqual({
      allowed: true,
    });
  });

  test.each(actions)("may not %s in another", async (action) => {
    const resource = repositoryArn(OTHER, "eu-north-1", "x");
    expect(await authorizer.decide(administrator, action, resource, context)).toMatchObject({
      allowed: false,
    });
  });
});

describe("nobody else may do anything", () => {
  const resource = repositoryArn(OWN, "eu-north-1", "team/app");

  test.each<[string, Principal, string]>([
    ["nobody", ANONYMOUS, "anonymous"],
    ["another user", user(`arn:aws:iam::${OWN}:user/alice`), `arn:aws:iam::${OWN}:user/alice`],
    ["a user below administrator", user(`${administratorArn(OWN)}/x`), `${administratorArn(OWN)}/x`],
    ["another account's administrator", user(administratorArn(OTHER), OTHER), administratorArn(OTHER)],
    [
      "a user that claims another account's administrator",
      user(administratorArn(OWN), OTHER),
      administratorArn(OWN),
    ],
    [
      "one of this account that is named like another's",
      user(administratorArn(OTHER)),
      administratorArn(OTHER),
    ],
  ])("%s is told in IAM's words", async (_, principal, shown) => {
    expect(await authorizer.decide(principal, "ecr:PutImage", resource, context)).toEqual({
      allowed: false,
      reason: `User: ${shown} is not authorized to perform: ecr:PutImage on resource: ${resource} because no identity-based policy allows the ecr:PutImage action`,
    });
  });

  test.each(["", "*", "arn:aws:ecr", "arn:aws:ecr:eu-north-1::repository/x"])(
    "on the resource %j, which is of no account",
    async (nowhere) => {
      expect(await authorizer.decide(administrator, "ecr:PutImage", nowhere, context)).toMatchObject({
        allowed: false,
      });
    },
  );
});
