import { afterAll, expect, test, vi } from "vitest";
import type { Credentials } from "../../src/iam/access-keys.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR, makeTestHome, startTestBerth } from "../support/berth.ts";
import { ManualClock } from "../support/clock.ts";
import { ACCOUNT, openScene } from "./scene.ts";

type Parameters = Readonly<Record<string, string>>;

const clock = new ManualClock();
const home = await makeTestHome();
const berth = await startTestBerth({ home, clock });
afterAll(async () => {
  await berth.stop();
  await home.remove();
});

const scene = openScene(berth, home, clock);
const ofTeam = { StringEquals: { "aws:ResourceTag/team": "blue" } };
const keys = await scene.makeUser("blue", [
  { Effect: "Allow", Action: "iam:*", Resource: "*", Condition: ofTeam },
]);

const arn = (name: string): string => `arn:aws:iam::${ACCOUNT}:${name}`;
const POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "ecr:*", Resource: "*" }],
});

/** Status and text of a call of IAM. */
async function iam(action: string, parameters: Parameters, { accessKeyId, secretAccessKey }: Credentials) {
  const body = String(new URLSearchParams({ Action: action, Version: "2010-05-08", ...parameters }));
  const { headers } = signInHeader({
    headers: { Host: new URL(berth.url).host, "Content-Type": "application/x-www-form-urlencoded" },
    ...{ body, keyId: accessKeyId, secret: secretAccessKey, region: "us-east-1", service: "iam" },
    date: clock.now(),
  });
  const response = await fetch(berth.url, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

const tagged = (team: string): Parameters => ({ "Tags.member.1.Key": "team", "Tags.member.1.Value": team });

interface Thing {
  readonly make: string;
  making(team: string): Parameters;
  readonly use: string;
  using(team: string): Parameters;
}

test.each<[string, Thing]>([
  [
    "a managed policy",
    {
      make: "CreatePolicy",
      making: (team) => ({ PolicyName: `p-${team}`, Path: "/teams/", PolicyDocument: POLICY }),
      use: "GetPolicy",
      using: (team) => ({ PolicyArn: arn(`policy/teams/p-${team}`) }),
    },
  ],
  [
    "a policy that gets a version",
    {
      make: "CreatePolicy",
      making: (team) => ({ PolicyName: `v-${team}`, PolicyDocument: POLICY }),
      use: "CreatePolicyVersion",
      using: (team) => ({ PolicyArn: arn(`policy/v-${team}`), PolicyDocument: POLICY }),
    },
  ],
  [
    "an identity provider",
    {
      make: "CreateOpenIDConnectProvider",
      making: (team) => ({ Url: `https://${team}.example/ci` }),
      use: "GetOpenIDConnectProvider",
      using: (team) => ({ OpenIDConnectProviderArn: arn(`oidc-provider/${team}.example/ci`) }),
    },
  ],
  [
    "an instance profile",
    {
      make: "CreateInstanceProfile",
      making: (team) => ({ InstanceProfileName: `i-${team}`, Path: "/teams/" }),
      use: "GetInstanceProfile",
      using: (team) => ({ InstanceProfileName: `i-${team}` }),
    },
  ],
  [
    "an MFA device",
    {
      make: "CreateVirtualMFADevice",
      making: (team) => ({ VirtualMFADeviceName: `phone-${team}` }),
      use: "ListMFADeviceTags",
      using: (team) => ({ SerialNumber: arn(`mfa/phone-${team}`) }),
    },
  ],
  [
    "a user",
    {
      make: "CreateUser",
      making: (team) => ({ UserName: `u-${team}` }),
      use: "GetUser",
      using: (team) => ({ UserName: `u-${team}` }),
    },
  ],
])("tags of %s decide who may use it", async (_, { make, making, use, using }) => {
  for (const team of ["blue", "red"]) {
    const made = await iam(make, { ...making(team), ...tagged(team) }, ADMINISTRATOR);
    expect(made.status, made.text).toBe(200);
  }
  // A change is in force within half a second.
  await vi.waitFor(
    async () => {
      const blue = await iam(use, using("blue"), keys);
      expect(blue.status, blue.text).toBe(200);
    },
    { timeout: 1_000, interval: 25 },
  );
  const red = await iam(use, using("red"), keys);
  expect([red.status, red.text]).toEqual([
    403,
    expect.stringContaining(`not authorized to perform: iam:${use}`),
  ]);
  expect((await iam(use, using("absent"), keys)).status).toBe(403);
});

test("a policy of AWS has no tags, and is the administrator's to read", async () => {
  const given = { PolicyArn: "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly" };
  expect((await iam("GetPolicy", given, keys)).status).toBe(403);
  const read = await iam("GetPolicy", given, ADMINISTRATOR);
  expect(read.status, read.text).toBe(200);
});
