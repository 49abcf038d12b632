import { AccountVersions } from "../../../src/iam/access/account-versions.ts";
import { CredentialAuthenticator } from "../../../src/iam/access/credential-authenticator.ts";
import { MasterKey } from "../../../src/iam/master-key.ts";
import { RegistryTokens } from "../../../src/iam/tokens/registry-token.ts";
import { SigningKeys, type StoredSigningKey } from "../../../src/iam/tokens/signing-keys.ts";
import { ALICE } from "../../iam/access/identities.ts";
import { makeWorld, REGION } from "../../iam/access/world.ts";
import { ManualClock } from "../../support/clock.ts";
import { UNCOUNTED } from "../../support/logins.ts";
import { median, short } from "../measure/statistics.ts";
import { renderTable } from "../table.ts";
import { basic } from "../targets/target.ts";
import { REPOSITORY_POLICY, tenStatements } from "./policies.ts";

/** One step of a request's way in, measured without server and database. */
interface Step {
  readonly name: string;
  /** Operations of a batch. */
  readonly count: number;
  /** What every batch needs, untimed; gives the operation. */
  prepare(count: number): Promise<(index: number) => Promise<unknown>>;
}

const BATCHES = 30;
/** Batches first, for the compiler. */
const WARM_UP = 10;

/** Each step by itself: medians of batches. */
export async function reportSteps(): Promise<string> {
  const rows = [];
  for (const step of [...decisions(), ...verifications()]) rows.push(await measure(step));
  const table = renderTable(
    [
      { title: "step", align: "left", cell: ({ name }) => name },
      { title: "median µs", align: "right", cell: ({ times }) => short(median(times)) },
      {
        ...{ title: "min–max", align: "right" },
        cell: ({ times }) => `${short(Math.min(...times))}–${short(Math.max(...times))}`,
      },
    ],
    rows,
  );
  return `${table}\nMedians of ${BATCHES} batches in one process, one after another, on stores in memory.\n`;
}

async function measure({ name, count, prepare }: Step): Promise<{ name: string; times: readonly number[] }> {
  const times: number[] = [];
  for (let batch = 0; batch < WARM_UP + BATCHES; batch++) {
    const operation = await prepare(count);
    const start = performance.now();
    for (let index = 0; index < count; index++) await operation(index);
    if (batch >= WARM_UP) times.push(((performance.now() - start) * 1000) / count);
  }
  return { name, times };
}

const RESOURCE = `arn:aws:ecr:${REGION}:${ALICE.account}:repository/team/app`;

/** Alice pulls; her ten statements and the policy of the repository have a say. */
function decisions(): readonly Step[] {
  const world = (note = "") => {
    const { authorizer, ...made } = makeWorld(() => undefined);
    made.principal(ALICE.uniqueId, { identity: withSid(tenStatements(ALICE.account), note) });
    made.resource(`${ALICE.account}/${REGION}/team/app`, {
      repositoryPolicy: withSid(REPOSITORY_POLICY, note),
    });
    const context = { sourceIp: "10.0.0.1", secureTransport: true, time: new Date() };
    return async (userAgent: string): Promise<void> => {
      const facts = { ...context, userAgent };
      const decision = await authorizer.decide(ALICE, "ecr:BatchGetImage", RESOURCE, facts);
      if (!decision.allowed) throw new Error(decision.reason);
    };
  };
  let texts = 0;
  return [
    {
      ...{ name: "decision, policies never seen before", count: 10 },
      async prepare(count) {
        const worlds = Array.from({ length: count }, () => world(`s${++texts}`));
        return (index) => worlds[index]?.("docker") ?? never();
      },
    },
    {
      ...{ name: "decision, cold", count: 500 },
      async prepare() {
        const decide = world();
        await decide("first");
        return (index) => decide(`docker/${index}`);
      },
    },
    {
      ...{ name: "decision, cached", count: 20_000 },
      async prepare() {
        const decide = world();
        await decide("docker");
        return () => decide("docker");
      },
    },
  ];
}

/** Another text of the same meaning, so that nothing is known of it. */
function withSid(text: string, sid: string): string {
  const { Statement, ...rest } = JSON.parse(text);
  const [first, ...others] = Statement;
  return JSON.stringify({
    ...rest,
    Statement: [{ ...first, ...(sid === "" ? {} : { Sid: sid }) }, ...others],
  });
}

function verifications(): readonly Step[] {
  const clock = new ManualClock();
  const tokens = () => new RegistryTokens(keys, clock);
  const stored: StoredSigningKey[] = [];
  const store = {
    list: async () => stored,
    add: async (key: StoredSigningKey) => stored.push(key) > 0,
    removeRetired: async () => undefined,
  };
  const keys = new SigningKeys(store, new MasterKey(MasterKey.generate()), clock);
  const { account, accessKeyId } = ALICE;
  const issue = async (index: number): Promise<string> => {
    const expiresAt = new Date(clock.now().getTime() + 3_600_000 + index * 1_000);
    const claims = { accessKeyId, account, region: REGION, access: undefined, expiresAt };
    return (await tokens().issue(claims)).token;
  };
  const authenticator = () =>
    new CredentialAuthenticator({
      ...{ tokens: tokens(), clock, onUse: () => undefined },
      versions: new AccountVersions({
        versions: async () => new Map([[account, { version: 1, disabled: false }]]),
      }),
      credentials: {
        find: async () => ({
          ...{ secret: "", principal: ALICE, sessionTokenHash: undefined, expiresAt: undefined, version: 1 },
        }),
      },
    });
  return [
    {
      ...{ name: "signature of a token, first time", count: 100 },
      async prepare(count) {
        const verifier = tokens();
        const issued = await Promise.all(Array.from({ length: count }, (_, index) => issue(index)));
        return async (index) => valid((await verifier.verify(issued[index] ?? "")).state === "valid");
      },
    },
    {
      ...{ name: "signature of a token, cached", count: 20_000 },
      async prepare() {
        const verifier = tokens();
        const token = await issue(0);
        return async () => valid((await verifier.verify(token)).state === "valid");
      },
    },
    {
      ...{ name: "Authorization header, cached", count: 20_000 },
      async prepare() {
        const proving = authenticator();
        const header = basic(`AWS:${await issue(0)}`);
        return async () => valid((await proving.authenticate(header, UNCOUNTED)).state === "proven");
      },
    },
  ];
}

function valid(is: boolean): void {
  if (!is) throw new Error("a token that is not believed");
}

function never(): never {
  throw new Error("a decision without a world");
}
