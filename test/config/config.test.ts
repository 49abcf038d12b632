import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type Config, ConfigError, readConfig } from "../../src/config.ts";
import { NO_ORGANIZATIONS } from "../../src/iam/principals/organizations.ts";
import { SETTINGS, type Setting, type SettingName } from "../../src/settings.ts";

type Env = Readonly<Record<string, string>>;

const directory = mkdtempSync(join(tmpdir(), "berth-config-"));
afterAll(() => rmSync(directory, { recursive: true }));

const KEY = Buffer.alloc(32, 7).toString("base64");
const S3 = { BERTH_S3_BUCKET: "b", BERTH_S3_ACCESS_KEY_ID: "id", BERTH_S3_SECRET_ACCESS_KEY: "key" };
const DATABASE = { BERTH_DATABASE_URL: "postgres://u:p@h/d", BERTH_MASTER_KEY: KEY };
const ADMINISTRATOR = {
  BERTH_ADMIN_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE12",
  BERTH_ADMIN_SECRET_ACCESS_KEY: "secret-of-the-administrator",
};
const AUTHORITY = "test/support/tls/authority.pem";
const TLS = { BERTH_TLS_CERT: "/tls/cert.pem", BERTH_TLS_KEY: "/tls/key.pem" };

/** What is wrong, as an operator reads it. */
function mistakes(env: Env): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe("without any variable", () => {
  test("everything lives on this machine", () => {
    expect(readConfig({})).toEqual({
      listen: { host: "127.0.0.1", port: 5050 },
      dataDir: "./data",
      account: "000000000000",
      region: "us-east-1",
      regions: ["us-east-1"],
      organizations: NO_ORGANIZATIONS,
      oidcPrivateHosts: [],
      oidcAuthorities: undefined,
      webhookPrivateHosts: [],
      webhookAuthorities: undefined,
      autoCreate: true,
      repositoriesPerRegistry: 100_000,
      imagesPerRepository: 10_000,
      tagsPerImage: 1_000,
      uploadsPerPrincipal: 10_000,
      uploadExpiry: 86_400_000,
      blobGrace: 86_400_000,
      lifecycle: { interval: 3_600_000, unit: "image" },
      accessLog: false,
      log: { level: "info", format: undefined },
      ...{ auditRetention: 90 * 86_400_000, auditPulls: false },
      processes: 1,
      ...{ registryHost: undefined, tokenLifetime: 43_200_000 },
      bearer: { hosts: [], anonymousPull: false },
      ...{ trustedProxies: expect.anything(), corsOrigins: [] },
      ...{ database: undefined, s3: undefined, externalUrl: undefined, tls: undefined },
      ...{ masterKey: undefined, previousMasterKey: undefined, administrator: undefined },
    } satisfies Config);
  });

  test("no proxy is trusted", () => {
    expect(readConfig({}).trustedProxies.rules).toEqual([]);
  });

  test("an empty variable is as good as none", () => {
    const empty = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, ""]));
    expect(readConfig(empty)).toEqual(readConfig({}));
  });
});

describe("every setting is read", () => {
  /** A value other than the default, what it needs beside it, and where it must arrive. */
  const READ: Record<
    SettingName,
    readonly [value: string, beside: Env, read: (config: Config) => unknown, wanted: unknown]
  > = {
    BERTH_LISTEN: ["[::1]:0", {}, (c) => c.listen, { host: "::1", port: 0 }],
    BERTH_DATA_DIR: ["/var/lib/berth", {}, (c) => c.dataDir, "/var/lib/berth"],
    BERTH_DATABASE_URL: [
      "postgresql://u@h/d",
      { BERTH_MASTER_KEY: KEY },
      (c) => c.database?.url,
      "postgresql://u@h/d",
    ],
    BERTH_DATABASE_DIRECT_URL: [
      "postgres://direct/d",
      DATABASE,
      (c) => c.database?.directUrl,
      "postgres://direct/d",
    ],
    BERTH_S3_ENDPOINT: ["http://s3:7070/", S3, (c) => c.s3?.endpoint, "http://s3:7070"],
    BERTH_S3_REGION: ["eu-north-1", S3, (c) => c.s3?.region, "eu-north-1"],
    BERTH_S3_BUCKET: ["blobs", S3, (c) => c.s3?.bucket, "blobs"],
    BERTH_S3_ACCESS_KEY_ID: ["ak", S3, (c) => c.s3?.accessKeyId, "ak"],
    BERTH_S3_SECRET_ACCESS_KEY: ["sk", S3, (c) => c.s3?.secretAccessKey, "sk"],
    BERTH_S3_EXTERNAL_ENDPOINT: [
      "https://files.example",
      S3,
      (c) => c.s3?.externalEndpoint,
      "https://files.example",
    ],
    BERTH_S3_PATH_STYLE: ["false", S3, (c) => c.s3?.pathStyle, false],
    BERTH_S3_ENCRYPTION: ["aws:kms:alias/a", S3, (c) => c.s3?.encryption, { kmsKeyId: "alias/a" }],
    BERTH_EXTERNAL_URL: ["https://r.example:8443", {}, (c) => c.externalUrl, "https://r.example:8443"],
    BERTH_TLS_CERT: ["/c.pem", TLS, (c) => c.tls?.certFile, "/c.pem"],
    BERTH_TLS_KEY: ["/k.pem", TLS, (c) => c.tls?.keyFile, "/k.pem"],
    BERTH_TRUSTED_PROXIES: ["10.0.0.0/8", {}, (c) => c.trustedProxies.check("10.1.2.3"), true],
    BERTH_CORS_ORIGINS: ["https://UI.example:443, *", {}, (c) => c.corsOrigins, ["https://ui.example", "*"]],
    BERTH_MASTER_KEY: [KEY, {}, (c) => c.masterKey, Buffer.alloc(32, 7)],
    BERTH_PREVIOUS_MASTER_KEY: [
      KEY,
      { BERTH_MASTER_KEY: KEY },
      (c) => c.previousMasterKey,
      Buffer.alloc(32, 7),
    ],
    BERTH_ADMIN_ACCESS_KEY_ID: [
      "AKIAOTHEROTHEROTHER1",
      ADMINISTRATOR,
      (c) => c.administrator?.accessKeyId,
      "AKIAOTHEROTHEROTHER1",
    ],
    BERTH_ADMIN_SECRET_ACCESS_KEY: [
      "another-secret-of-it",
      ADMINISTRATOR,
      (c) => c.administrator?.secretAccessKey,
      "another-secret-of-it",
    ],
    BERTH_ACCOUNT_ID: ["123456789012", {}, (c) => c.account, "123456789012"],
    BERTH_REGION: ["eu-north-1", {}, (c) => c.region, "eu-north-1"],
    BERTH_REGIONS: ["eu-north-1, eu-west-1", {}, (c) => c.regions, ["us-east-1", "eu-north-1", "eu-west-1"]],
    BERTH_ORGANIZATION: ["o-a1b2c3d4e5", {}, (c) => c.organizations.of("123456789012")?.id, "o-a1b2c3d4e5"],
    BERTH_REGISTRY_HOST: [
      "{account}.dkr.ecr.{region}.example.com:5000",
      {},
      (c) => c.registryHost,
      "{account}.dkr.ecr.{region}.example.com:5000",
    ],
    BERTH_TOKEN_LIFETIME: ["30m", {}, (c) => c.tokenLifetime, 1_800_000],
    BERTH_BEARER_HOSTS: ["R.example, [::1],*", {}, (c) => c.bearer.hosts, ["r.example", "[::1]", "*"]],
    BERTH_ANONYMOUS_PULL: ["on", { BERTH_BEARER_HOSTS: "*" }, (c) => c.bearer.anonymousPull, true],
    BERTH_OIDC_PRIVATE_HOSTS: ["K8s.local, [::1]", {}, (c) => c.oidcPrivateHosts, ["k8s.local", "[::1]"]],
    BERTH_OIDC_CA: [AUTHORITY, {}, (c) => c.oidcAuthorities, readFileSync(AUTHORITY, "utf8")],
    BERTH_WEBHOOK_PRIVATE_HOSTS: ["hooks.internal", {}, (c) => c.webhookPrivateHosts, ["hooks.internal"]],
    BERTH_WEBHOOK_CA: [AUTHORITY, {}, (c) => c.webhookAuthorities, readFileSync(AUTHORITY, "utf8")],
    BERTH_AUTO_CREATE: ["off", {}, (c) => c.autoCreate, false],
    BERTH_IMAGES_PER_REPOSITORY: ["0", {}, (c) => c.imagesPerRepository, 0],
    BERTH_TAGS_PER_IMAGE: ["7", {}, (c) => c.tagsPerImage, 7],
    BERTH_REPOSITORIES_PER_REGISTRY: ["0", {}, (c) => c.repositoriesPerRegistry, 0],
    BERTH_UPLOADS_PER_PRINCIPAL: ["7", {}, (c) => c.uploadsPerPrincipal, 7],
    BERTH_UPLOAD_EXPIRY: ["90m", {}, (c) => c.uploadExpiry, 5_400_000],
    BERTH_BLOB_GRACE: ["2d", {}, (c) => c.blobGrace, 172_800_000],
    BERTH_LIFECYCLE_INTERVAL: ["15m", {}, (c) => c.lifecycle.interval, 900_000],
    BERTH_LIFECYCLE_UNIT: ["strict", {}, (c) => c.lifecycle.unit, "strict"],
    BERTH_LOG_LEVEL: ["warn", {}, (c) => c.log.level, "warn"],
    BERTH_LOG_FORMAT: ["text", {}, (c) => c.log.format, "text"],
    BERTH_ACCESS_LOG: ["on", {}, (c) => c.accessLog, true],
    BERTH_AUDIT_RETENTION: ["30d", {}, (c) => c.auditRetention, 30 * 86_400_000],
    BERTH_AUDIT_PULLS: ["on", {}, (c) => c.auditPulls, true],
    WEB_CONCURRENCY: ["4", {}, (c) => c.processes, 4],
  };

  test.each(Object.keys(READ) as SettingName[])("%s", (name) => {
    const [value, beside, read, wanted] = READ[name];
    expect(read(readConfig({ ...beside, [name]: value }))).toEqual(wanted);
  });

  const secrets = (Object.keys(READ) as SettingName[]).filter((name) => (SETTINGS[name] as Setting).secret);
  test.each(secrets)("%s_FILE, without the line break that editors add", (name) => {
    const [value, beside, read, wanted] = READ[name];
    const { [name]: _, ...others } = beside;
    expect(read(readConfig({ ...others, [`${name}_FILE`]: file(name, `${value}\n`) }))).toEqual(wanted);
  });

  test("and every secret is marked as one", () => {
    expect(secrets).toEqual([
      "BERTH_DATABASE_URL",
      "BERTH_DATABASE_DIRECT_URL",
      "BERTH_S3_ACCESS_KEY_ID",
      "BERTH_S3_SECRET_ACCESS_KEY",
      "BERTH_MASTER_KEY",
      "BERTH_PREVIOUS_MASTER_KEY",
      "BERTH_ADMIN_ACCESS_KEY_ID",
      "BERTH_ADMIN_SECRET_ACCESS_KEY",
    ]);
  });
});

describe("values", () => {
  test.each([
    ["BERTH_LISTEN", ":80", (c: Config) => c.listen, { host: "0.0.0.0", port: 80 }],
    ["BERTH_LISTEN", "localhost:65535", (c: Config) => c.listen, { host: "localhost", port: 65_535 }],
    ["BERTH_UPLOAD_EXPIRY", "1500ms", (c: Config) => c.uploadExpiry, 1_500],
    ["BERTH_TOKEN_LIFETIME", "15m", (c: Config) => c.tokenLifetime, 900_000],
    ["BERTH_TOKEN_LIFETIME", "7d", (c: Config) => c.tokenLifetime, 604_800_000],
    ["BERTH_UPLOAD_EXPIRY", "0s", (c: Config) => c.uploadExpiry, 0],
    ["WEB_CONCURRENCY", "64", (c: Config) => c.processes, 64],
  ])("%s=%s", (name, value, read, wanted) => {
    expect(read(readConfig({ [name]: value }))).toEqual(wanted);
  });

  test("the direct database is the database unless it is named", () => {
    expect(readConfig(DATABASE).database).toEqual({
      url: "postgres://u:p@h/d",
      directUrl: "postgres://u:p@h/d",
    });
  });

  test("S3 objects may be encrypted by the service's own key", () => {
    expect(readConfig({ ...S3, BERTH_S3_ENCRYPTION: "AES256" }).s3?.encryption).toBe("AES256");
  });

  test("trusted proxies are addresses and networks of both families", () => {
    const { trustedProxies } = readConfig({
      BERTH_TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.1 ,2001:db8::/32,::1",
    });
    expect(trustedProxies.check("10.255.0.1")).toBe(true);
    expect(trustedProxies.check("192.0.2.1")).toBe(true);
    expect(trustedProxies.check("192.0.2.2")).toBe(false);
    expect(trustedProxies.check("2001:db8:1::1", "ipv6")).toBe(true);
    expect(trustedProxies.check("::1", "ipv6")).toBe(true);
    expect(trustedProxies.check("::2", "ipv6")).toBe(false);
  });

  test("durations are a number and a unit", () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    fc.assert(
      fc.property(fc.nat(3_650), unit, (number, name) => {
        expect(readConfig({ BERTH_BLOB_GRACE: `${number}${name}` }).blobGrace).toBe(number * units[name]);
      }),
    );
  });

  test("a duration never takes a date out of what dates can hold", () => {
    const unit = fc.constantFrom("ms", "s", "m", "h", "d");
    fc.assert(
      fc.property(fc.nat(999_999_999), unit, (number, name) => {
        const env = { BERTH_UPLOAD_EXPIRY: `${number}${name}` };
        if (mistakes(env).length > 0) return;
        const { uploadExpiry } = readConfig(env);
        expect(new Date(Date.now() + uploadExpiry).getTime()).not.toBeNaN();
        expect(new Date(Date.now() - uploadExpiry).getTime()).not.toBeNaN();
      }),
    );
  });
});

describe("a mistake names variable, rule and value", () => {
  test.each([
    ["BERTH_LISTEN", "5050", "must be host:port, or [address]:port"],
    ["BERTH_LISTEN", "h:65536", "must be host:port, or [address]:port"],
    ["BERTH_LISTEN", "::1:80", "must be host:port, or [address]:port"],
    ["BERTH_LISTEN", "h:-1", "must be host:port, or [address]:port"],
    ["BERTH_EXTERNAL_URL", "registry.example.com", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_EXTERNAL_URL", "ftp://h", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_EXTERNAL_URL", "https://h/path", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_EXTERNAL_URL", "https://h/?q", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_EXTERNAL_URL", "https://h/#x", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_S3_EXTERNAL_ENDPOINT", "nonsense", "must be http:// or https://, a host and perhaps a port"],
    ["BERTH_S3_PATH_STYLE", "on", "must be true or false"],
    ["BERTH_S3_ENCRYPTION", "aes256", "must be AES256 or aws:kms:KEY"],
    ["BERTH_S3_ENCRYPTION", "aws:kms:", "must be AES256 or aws:kms:KEY"],
    [
      "BERTH_TRUSTED_PROXIES",
      "10.0.0.0/33",
      "must be addresses or networks like 10.0.0.0/8, comma-separated",
    ],
    ["BERTH_TRUSTED_PROXIES", "::/129", "must be addresses or networks like 10.0.0.0/8, comma-separated"],
    ["BERTH_TRUSTED_PROXIES", "10.0.0.0/", "must be addresses or networks like 10.0.0.0/8, comma-separated"],
    [
      "BERTH_TRUSTED_PROXIES",
      "10.0.0.0/8/9",
      "must be addresses or networks like 10.0.0.0/8, comma-separated",
    ],
    [
      "BERTH_TRUSTED_PROXIES",
      "10.0.0.1,proxy",
      "must be addresses or networks like 10.0.0.0/8, comma-separated",
    ],
    ["BERTH_TRUSTED_PROXIES", "10.0.0.1,", "must be addresses or networks like 10.0.0.0/8, comma-separated"],
    ["BERTH_ACCOUNT_ID", "12345678901", "must be 12 digits"],
    ["BERTH_REGION", "EU North", "must be letters, digits and dashes"],
    ["BERTH_REGIONS", "eu-north-1,EU", "must be letters, digits and dashes"],
    ["BERTH_REGIONS", "eu-north-1,", "must be letters, digits and dashes"],
    [
      "BERTH_ORGANIZATION",
      "acme",
      "must be o-…, o-…/r-…/ or o-…/r-…/ou-…/, each perhaps after ACCOUNT=, comma-separated",
    ],
    ["BERTH_ORGANIZATION", "o-a1b2c3d4e5,o-b1b2c3d4e5", "must name no account twice"],
    ["BERTH_REGISTRY_HOST", "https://r.example", "must be a host name, perhaps with {account} and {region}"],
    ["BERTH_TOKEN_LIFETIME", "899s", "must be 15m to 7d"],
    ["BERTH_OIDC_CA", "test/support/tls/issuer.key", "must be a PEM file with certificates"],
    ["BERTH_BEARER_HOSTS", "r.example:443", "must be host names without ports, comma-separated, or *"],
    ["BERTH_BEARER_HOSTS", "r.example,", "must be host names without ports, comma-separated, or *"],
    ["BERTH_BEARER_HOSTS", "*.example", "must be host names without ports, comma-separated, or *"],
    ["BERTH_ANONYMOUS_PULL", "true", "must be on or off"],
    ["BERTH_TOKEN_LIFETIME", "8d", "must be 15m to 7d"],
    ["BERTH_AUTO_CREATE", "true", "must be on or off"],
    ["BERTH_ACCESS_LOG", "yes", "must be on or off"],
    ["BERTH_LOG_LEVEL", "debug", "must be error or warn or info"],
    ["BERTH_LOG_FORMAT", "xml", "must be json or text"],
    ["BERTH_LIFECYCLE_INTERVAL", "59s", "must be 1m to 24h"],
    ["BERTH_LIFECYCLE_INTERVAL", "25h", "must be 1m to 24h"],
    ["BERTH_LIFECYCLE_UNIT", "index", "must be image or strict"],
    ["BERTH_AUDIT_RETENTION", "23h", "must be 1d to 3650d"],
    ["BERTH_AUDIT_RETENTION", "3651d", "must be 1d to 3650d"],
    ["BERTH_AUDIT_PULLS", "yes", "must be on or off"],
    ["BERTH_IMAGES_PER_REPOSITORY", "-1", "must be 0 to 100000000"],
    ["BERTH_TAGS_PER_IMAGE", "many", "must be 0 to 100000000"],
    ["BERTH_REPOSITORIES_PER_REGISTRY", "-1", "must be 0 to 10000000"],
    ["BERTH_REPOSITORIES_PER_REGISTRY", "10000001", "must be 0 to 10000000"],
    ["BERTH_UPLOADS_PER_PRINCIPAL", "0", "must be 1 to 1000000"],
    ["BERTH_UPLOADS_PER_PRINCIPAL", "1e3", "must be 1 to 1000000"],
    ["WEB_CONCURRENCY", "65", "must be 1 to 64"],
    ["WEB_CONCURRENCY", "-1", "must be 1 to 64"],
    ["WEB_CONCURRENCY", " 4", "must be 1 to 64"],
  ])("%s=%s", (name, value, rule) => {
    expect(mistakes({ [name]: value })).toEqual([`${name} ${rule}, not ${JSON.stringify(value)}`]);
  });

  test.each(["24", "h", "-1h", "1.5h", "1 h", "1w", "1H", "1h30m", "9999999999s", "36501d", "999999999h"])(
    "BERTH_UPLOAD_EXPIRY=%s",
    (value) => {
      expect(mistakes({ BERTH_UPLOAD_EXPIRY: value })).toEqual([
        `BERTH_UPLOAD_EXPIRY must be a number and one of ms, s, m, h, d, such as 24h, at most 36500d, not "${value}"`,
      ]);
    },
  );

  test("with at most 100 characters of the value", () => {
    expect(mistakes({ WEB_CONCURRENCY: "9".repeat(500) })).toEqual([
      `WEB_CONCURRENCY must be 1 to 64, not "${"9".repeat(100)}"`,
    ]);
  });
});

describe("mistakes", () => {
  test("are reported all at once, counted and each on its line", () => {
    const env = { BERTH_LISTEN: "x", BERTH_ACCOUNT_ID: "1", BERTH_TYPO: "", WEB_CONCURRENCY: "0" };
    expect(mistakes(env)).toHaveLength(4);
    expect(() => readConfig(env)).toThrow(
      [
        "the configuration has 4 mistake(s):",
        '  BERTH_LISTEN must be host:port, or [address]:port, not "x"',
        '  BERTH_ACCOUNT_ID must be 12 digits, not "1"',
        '  WEB_CONCURRENCY must be 1 to 64, not "0"',
        "  BERTH_TYPO is not a setting",
      ].join("\n"),
    );
  });

  test.each(["BERTH_", "BERTH_LISTN", "BERTH_LISTEN_FILE", "BERTH_DATABASE_URL_FILE_FILE", "BERTH_toString"])(
    "%s is no setting",
    (name) => {
      expect(mistakes({ [name]: "x" })).toEqual([`${name} is not a setting`]);
    },
  );

  test("variables of others are none of Berth's business", () => {
    const env = {
      PATH: "/bin",
      BERTHA: "x",
      BERTH_ACCESS_KEY_ID: "for",
      BERTH_SECRET_ACCESS_KEY: "berth import",
    };
    expect(mistakes(env)).toEqual([]);
  });
});

describe("what belongs together", () => {
  test.each([
    ["BERTH_TLS_KEY", { BERTH_TLS_CERT: "/c.pem" }, "is required with BERTH_TLS_CERT"],
    ["BERTH_TLS_CERT", { BERTH_TLS_KEY: "/k.pem" }, "is required with BERTH_TLS_KEY"],
    [
      "BERTH_ADMIN_SECRET_ACCESS_KEY",
      { BERTH_ADMIN_ACCESS_KEY_ID: ADMINISTRATOR.BERTH_ADMIN_ACCESS_KEY_ID },
      "is required with BERTH_ADMIN_ACCESS_KEY_ID",
    ],
    [
      "BERTH_ADMIN_ACCESS_KEY_ID",
      { BERTH_ADMIN_SECRET_ACCESS_KEY: ADMINISTRATOR.BERTH_ADMIN_SECRET_ACCESS_KEY },
      "is required with BERTH_ADMIN_SECRET_ACCESS_KEY",
    ],
    ["BERTH_S3_BUCKET", { BERTH_S3_ENDPOINT: "http://s3:7070" }, "is required with BERTH_S3_ENDPOINT"],
    ["BERTH_BEARER_HOSTS", { BERTH_ANONYMOUS_PULL: "on" }, "is required with BERTH_ANONYMOUS_PULL=on"],
    ["BERTH_MASTER_KEY", { BERTH_PREVIOUS_MASTER_KEY: KEY }, "is required with BERTH_PREVIOUS_MASTER_KEY"],
    [
      "BERTH_DATABASE_URL",
      { BERTH_DATABASE_DIRECT_URL: "postgres://h/d" },
      "is required with BERTH_DATABASE_DIRECT_URL",
    ],
    [
      "BERTH_MASTER_KEY",
      { BERTH_DATABASE_URL: "postgres://h/d" },
      "is required with BERTH_DATABASE_URL: `openssl rand -base64 32` makes one",
    ],
  ])("%s is missing", (name, env: Env, rule) => {
    expect(mistakes(env)).toEqual([`${name} ${rule}`]);
  });

  test("both keys of S3 are missing", () => {
    expect(mistakes({ BERTH_S3_BUCKET: "b" })).toEqual([
      "BERTH_S3_ACCESS_KEY_ID is required with BERTH_S3_BUCKET",
      "BERTH_S3_SECRET_ACCESS_KEY is required with BERTH_S3_BUCKET",
    ]);
  });

  test("a value that is wrong is not also called missing", () => {
    expect(mistakes({ ...DATABASE, BERTH_MASTER_KEY: "short" })).toHaveLength(1);
    expect(
      mistakes({ BERTH_DATABASE_URL: "mysql://h", BERTH_DATABASE_DIRECT_URL: "postgres://h/d" }),
    ).toHaveLength(1);
    expect(mistakes({ ...ADMINISTRATOR, BERTH_ADMIN_SECRET_ACCESS_KEY: "short" })).toHaveLength(1);
  });
});

describe("secrets", () => {
  test.each([
    ["BERTH_DATABASE_URL", "mysql://user:hunter2@h/d", {}, "must begin with postgres://"],
    [
      "BERTH_DATABASE_URL",
      "postgres://u:hunt#er2@h/d",
      DATABASE,
      "must be a URL; write special characters of the password as %40 for @, %2F for /, %23 for #",
    ],
    [
      "BERTH_DATABASE_URL",
      "postgres://u:12/hunter2@h/d",
      DATABASE,
      "must be a URL; write special characters of the password as %40 for @, %2F for /, %23 for #",
    ],
    ["BERTH_DATABASE_DIRECT_URL", "mysql://user:hunter2@h/d", DATABASE, "must begin with postgres://"],
    ["BERTH_MASTER_KEY", "hunter2", DATABASE, "must be 32 bytes in base64"],
    ["BERTH_ADMIN_ACCESS_KEY_ID", "hunter2", ADMINISTRATOR, "must be 16 to 128 letters, digits and '_'"],
    [
      "BERTH_ADMIN_SECRET_ACCESS_KEY",
      "hunter2:hunter2:hunter2",
      ADMINISTRATOR,
      "must be 16 to 128 characters without ':' and blanks",
    ],
  ])("%s is refused without its value", (name, value, beside, rule) => {
    expect(mistakes({ ...beside, [name]: value })).toEqual([`${name} ${rule}`]);
    const { [name as "BERTH_MASTER_KEY"]: _, ...others } = beside as Env;
    const path = file("wrong", value);
    expect(mistakes({ ...others, [`${name}_FILE`]: path })).toEqual([`${name} ${rule}`]);
  });

  test.each(["BERTH_S3_ENDPOINT", "BERTH_S3_EXTERNAL_ENDPOINT", "BERTH_EXTERNAL_URL"])(
    "in the URL %s are refused without being shown",
    (name) => {
      for (const user of ["key:hunter2", ":hunter2", "hunter2"]) {
        const [mistake, ...more] = mistakes({ ...S3, [name]: `https://${user}@s3.example.com` });
        expect(mistake).toMatch(`${name} must be http:// or https://, a host and perhaps a port`);
        expect(mistake).toMatch("@s3.example.com");
        expect(mistake).not.toMatch("hunter2");
        expect(more).toEqual([]);
      }
    },
  );

  test.each([
    ["BERTH_MASTER_KEY", DATABASE],
    ["BERTH_S3_SECRET_ACCESS_KEY", S3],
    ["BERTH_ADMIN_SECRET_ACCESS_KEY", ADMINISTRATOR],
  ])("%s and its file may not both be given, which is one mistake", (name, env) => {
    expect(mistakes({ ...env, [`${name}_FILE`]: file("both", "x") })).toEqual([
      `${name} and ${name}_FILE are both given; use one`,
    ]);
  });

  test.each([
    ["BERTH_MASTER_KEY", DATABASE],
    ["BERTH_S3_SECRET_ACCESS_KEY", S3],
    ["BERTH_ADMIN_SECRET_ACCESS_KEY", ADMINISTRATOR],
  ])("%s_FILE that cannot be read is one mistake, and names the file", (name, env: Env) => {
    const { [name]: _, ...others } = env;
    const path = join(directory, "nothing-here");
    expect(mistakes({ ...others, [`${name}_FILE`]: path })).toEqual([
      expect.stringMatching(`^${name}_FILE cannot be read: .*${path}`),
    ]);
  });

  test.each([
    ["BERTH_MASTER_KEY", DATABASE],
    ["BERTH_S3_SECRET_ACCESS_KEY", S3],
    ["BERTH_ADMIN_SECRET_ACCESS_KEY", ADMINISTRATOR],
  ])("%s_FILE that is empty is a mistake, not an empty secret", (name, env: Env) => {
    const { [name]: _, ...others } = env;
    const path = file("empty", "\n");
    expect(mistakes({ ...others, [`${name}_FILE`]: path })).toEqual([
      `${name}_FILE names an empty file: ${path}`,
    ]);
  });

  test("an empty _FILE variable is as good as none", () => {
    expect(readConfig({ BERTH_MASTER_KEY_FILE: "" }).masterKey).toBeUndefined();
  });
});

test("whatever the environment says, it is a configuration or a list of mistakes", () => {
  const name = fc.constantFrom(...Object.keys(SETTINGS), "BERTH_MASTER_KEY_FILE");
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("1", "on", "a:1", "1h", KEY, "postgres://h", "http://[", "::/0"),
  );
  fc.assert(
    fc.property(fc.dictionary(name, value), (env) => {
      for (const mistake of mistakes(env)) expect(mistake).toMatch(/^(?:BERTH_|WEB_CONCURRENCY)/);
    }),
    { numRuns: 1000 },
  );
});
