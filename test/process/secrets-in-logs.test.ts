import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { postgresSigningKeys } from "../../src/adapters/postgres/iam/index.ts";
import { borrowDatabaseServer, openState, type State } from "../../src/composition/state.ts";
import { readConfig } from "../../src/config.ts";
import { RegistryTokens } from "../../src/iam/tokens/registry-token.ts";
import { SigningKeys } from "../../src/iam/tokens/signing-keys.ts";
import { type Credentials, issueCredentials, type Wire } from "../access/issued-credentials.ts";
import { knockAtApi, knockAtRegistry, knockElsewhere } from "../access/secret-traffic.ts";
import { Secrets } from "../access/secrets.ts";
import { startBerthProcess, withDataDir } from "../support/process.ts";

/** What tells that the traffic came where it was meant to. */
const ROUTES = [
  "ping",
  "getManifest",
  "listRepositories",
  "token",
  "explainAccess",
  "startUpload",
  "unknown",
];

/** Of pino. */
const ERROR = 50;

test("no secret is written to a log or shows in a metric, whichever way it came", { timeout: 120_000 }, () =>
  withDataDir(async (dataDir) => {
    const here = { BERTH_BEARER_HOSTS: "127.0.0.1", BERTH_OIDC_PRIVATE_HOSTS: "127.0.0.1" };
    const env = { BERTH_ACCESS_LOG: "on", BERTH_AUDIT_PULLS: "on", ...here };
    const berth = await startBerthProcess({ dataDir, env });
    const wire: Wire = { url: berth.url, secrets: new Secrets() };
    const credentials = await issueCredentials(wire);
    const expired = await onState(dataDir, (state) => expiredToken(state, credentials));
    const knock = async (): Promise<void> => {
      await knockAtRegistry(wire, credentials, expired);
      await knockAtApi(wire, credentials);
      await knockElsewhere(wire, credentials);
    };
    await knock();
    const metrics = await (await fetch(`${berth.url}/metrics`)).text();
    await onState(dataDir, (state) =>
      withoutTable(state, "access_keys", () => withoutTable(state, "iam_sessions", knock)),
    );
    expect(await berth.end("SIGTERM")).toBe(0);
    const audit = await onState(dataDir, auditLog);
    const database = await readFile(join(dataDir, "postgres.log"), "utf8");

    const lines = linesOf(berth.output());
    const routes = new Set(lines.map(({ route }) => route));
    expect([...routes]).toEqual(expect.arrayContaining(ROUTES));
    expect(lines.filter(({ level }) => level === ERROR).length).toBeGreaterThan(10);
    expect(database).toContain("access_keys");
    expect(audit).toContain("CreateAccessKey");
    expect(wire.secrets.size).toBeGreaterThan(20);
    expect(wire.secrets.foundIn(berth.output())).toEqual([]);
    expect(wire.secrets.foundIn(metrics)).toEqual([]);
    expect(wire.secrets.foundIn(audit)).toEqual([]);
    expect(wire.secrets.foundIn(database)).toEqual([]);
  }),
);

interface Line {
  readonly level: number;
  readonly route?: string;
}

function linesOf(output: string): readonly Line[] {
  return output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Line] : []));
}

/** Works on the database of the server that runs. */
async function onState<T>(dataDir: string, work: (state: State) => Promise<T>): Promise<T> {
  const nothing = (): void => undefined;
  const log = { info: nothing, warn: nothing, error: nothing, flush: nothing, dropped: () => 0 };
  const config = readConfig({ BERTH_DATA_DIR: dataDir });
  const server = await borrowDatabaseServer(config, log);
  const state = await openState(config, server.connection, log);
  try {
    return await work(state);
  } finally {
    await state.close();
    await server.stop();
  }
}

async function auditLog({ database }: State): Promise<string> {
  const statement = { name: "audit_lines", text: "SELECT to_jsonb(a)::text AS line FROM audit_log a" };
  const rows = await database.read<{ readonly line: string }>(statement, []);
  return rows.map(({ line }) => line).join("\n");
}

async function expiredToken({ database, masterKey, clock }: State, { user }: Credentials): Promise<string> {
  const tokens = new RegistryTokens(new SigningKeys(postgresSigningKeys(database), masterKey, clock), clock);
  const expiresAt = new Date(clock.now().getTime() - 60_000);
  const claims = { accessKeyId: user.accessKeyId, account: "000000000000", region: "us-east-1" };
  return (await tokens.issue({ ...claims, access: undefined, expiresAt })).token;
}

/** Meanwhile whatever asks for the table ends in an internal error. */
async function withoutTable({ database }: State, table: string, work: () => Promise<void>): Promise<void> {
  const rename = (from: string, to: string): Promise<unknown> =>
    database.run({ name: `rename_${from}`, text: `ALTER TABLE ${from} RENAME TO ${to}` }, []);
  await rename(table, `${table}_gone`);
  try {
    await work();
  } finally {
    await rename(`${table}_gone`, table);
  }
}
