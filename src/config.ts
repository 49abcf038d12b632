import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { NO_ORGANIZATIONS, type Organizations, parseOrganizations } from "./iam/principals/organizations.ts";
import type { ImageUnit } from "./lifecycle/snapshot.ts";
import { LOG_LEVELS } from "./log/levels.ts";
import type { LogOptions } from "./log.ts";
import type { ServedRegions } from "./registry/regions.ts";
import { SETTINGS, type Setting, type SettingName } from "./settings.ts";

/** Everything that the environment decides, validated once. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  /** Undefined: the embedded database. */
  readonly database: { readonly url: string; readonly directUrl: string } | undefined;
  /** Undefined: files below the data directory. */
  readonly s3: S3Config | undefined;
  /** Origin without a trailing slash. */
  readonly externalUrl: string | undefined;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly trustedProxies: BlockList;
  /** Origins as browsers write them, or `*`. */
  readonly corsOrigins: readonly string[];
  /** 32 bytes. */
  readonly masterKey: Buffer | undefined;
  /** Opens secrets as well, while keys are rotated. */
  readonly previousMasterKey: Buffer | undefined;
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly account: string;
  readonly region: string;
  /** Every region that is served; `region` is one of them. */
  readonly regions: ServedRegions;
  /** Who is in which organization. */
  readonly organizations: Organizations;
  /** Template with `{account}` and `{region}`. */
  readonly registryHost: string | undefined;
  /** Milliseconds. */
  readonly tokenLifetime: number;
  /** Hosts in lower case, `*` for every one. */
  readonly bearer: { readonly hosts: readonly string[]; readonly anonymousPull: boolean };
  /** Hosts of identity providers in lower case, `*` for every one. */
  readonly oidcPrivateHosts: readonly string[];
  /** PEM. */
  readonly oidcAuthorities: string | undefined;
  /** Receivers of webhooks that may have private addresses and be told over plain HTTP. */
  readonly webhookPrivateHosts: readonly string[];
  /** PEM of authorities that receivers of webhooks may have beside the usual ones. */
  readonly webhookAuthorities: string | undefined;
  readonly autoCreate: boolean;
  /** 0: no limit. */
  readonly repositoriesPerRegistry: number;
  /** 0: no limit; also of tags. */
  readonly imagesPerRepository: number;
  readonly tagsPerImage: number;
  readonly uploadsPerPrincipal: number;
  /** Milliseconds. */
  readonly uploadExpiry: number;
  /** Milliseconds. */
  readonly blobGrace: number;
  /** Interval in milliseconds. */
  readonly lifecycle: { readonly interval: number; readonly unit: ImageUnit };
  readonly accessLog: boolean;
  readonly log: LogOptions;
  /** Milliseconds. */
  readonly auditRetention: number;
  readonly auditPulls: boolean;
  readonly processes: number;
}

/**
 * Object storage by S3's API. `endpoint`: an origin, AWS's own for `region` where it is undefined; `externalEndpoint`: under
 * which clients reach the bucket, for redirects, and none are sent where it is undefined; `pathStyle`: whether the bucket
 * is in the path and not in the host, where it is undefined everywhere but on AWS; `encryption`: of new objects, what the
 * bucket does by itself where it is undefined.
 */
export interface S3Config {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly externalEndpoint: string | undefined;
  readonly pathStyle: boolean | undefined;
  readonly encryption: "AES256" | { readonly kmsKeyId: string } | undefined;
}

/** Every mistake in the configuration at once. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(
      `the configuration has ${mistakes.length} mistake(s):\n${mistakes.map((text) => `  ${text}`).join("\n")}`,
    );
    this.mistakes = mistakes;
  }
}

/** @throws ConfigError naming every variable, rule and value that is wrong; never a secret's value */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const reader = new Reader(env);
  const s3 = readS3(reader);
  const databaseUrl = reader.read("BERTH_DATABASE_URL", postgresUrl);
  const directUrl = reader.read("BERTH_DATABASE_DIRECT_URL", postgresUrl);
  const certFile = reader.read("BERTH_TLS_CERT", text);
  const keyFile = reader.read("BERTH_TLS_KEY", text);
  const accessKeyId = reader.read("BERTH_ADMIN_ACCESS_KEY_ID", accessKey);
  const secretAccessKey = reader.read("BERTH_ADMIN_SECRET_ACCESS_KEY", adminSecret);
  const masterKey = reader.read("BERTH_MASTER_KEY", key32);
  const bearerHosts = reader.read("BERTH_BEARER_HOSTS", hostNames);
  const anonymousPull = reader.need("BERTH_ANONYMOUS_PULL", onOff);
  const previousMasterKey = reader.read("BERTH_PREVIOUS_MASTER_KEY", key32);
  const ownRegion = reader.need("BERTH_REGION", region);
  reader.together({ BERTH_TLS_CERT: certFile, BERTH_TLS_KEY: keyFile });
  reader.together({ BERTH_ADMIN_ACCESS_KEY_ID: accessKeyId, BERTH_ADMIN_SECRET_ACCESS_KEY: secretAccessKey });
  if (directUrl !== undefined)
    reader.requireWith("BERTH_DATABASE_URL", databaseUrl, "BERTH_DATABASE_DIRECT_URL");
  if (previousMasterKey !== undefined)
    reader.requireWith("BERTH_MASTER_KEY", masterKey, "BERTH_PREVIOUS_MASTER_KEY");
  if (databaseUrl !== undefined) {
    const given = "BERTH_DATABASE_URL: `openssl rand -base64 32` makes one";
    reader.requireWith("BERTH_MASTER_KEY", masterKey, given);
  }
  if (anonymousPull) reader.requireWith("BERTH_BEARER_HOSTS", bearerHosts, "BERTH_ANONYMOUS_PULL=on");
  const config = {
    listen: reader.need("BERTH_LISTEN", hostAndPort),
    dataDir: reader.need("BERTH_DATA_DIR", text),
    database:
      databaseUrl === undefined ? undefined : { url: databaseUrl, directUrl: directUrl ?? databaseUrl },
    s3,
    externalUrl: reader.read("BERTH_EXTERNAL_URL", origin),
    tls: certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile },
    trustedProxies: reader.read("BERTH_TRUSTED_PROXIES", networks) ?? new BlockList(),
    corsOrigins: reader.read("BERTH_CORS_ORIGINS", origins) ?? [],
    masterKey,
    previousMasterKey,
    administrator:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey },
    account: reader.need("BERTH_ACCOUNT_ID", pattern(/^\d{12}$/, "must be 12 digits")),
    region: ownRegion,
    regions: servedRegions(ownRegion, reader.read("BERTH_REGIONS", regionNames) ?? []),
    organizations: reader.read("BERTH_ORGANIZATION", parseOrganizations) ?? NO_ORGANIZATIONS,
    registryHost: reader.read(
      "BERTH_REGISTRY_HOST",
      pattern(/^[a-z0-9.:{}-]+$/, "must be a host name, perhaps with {account} and {region}"),
    ),
    tokenLifetime: reader.need("BERTH_TOKEN_LIFETIME", tokenLifetime),
    bearer: { hosts: bearerHosts ?? [], anonymousPull },
    oidcPrivateHosts: reader.read("BERTH_OIDC_PRIVATE_HOSTS", hostNames) ?? [],
    oidcAuthorities: reader.read("BERTH_OIDC_CA", certificates),
    webhookPrivateHosts: reader.read("BERTH_WEBHOOK_PRIVATE_HOSTS", hostNames) ?? [],
    webhookAuthorities: reader.read("BERTH_WEBHOOK_CA", certificates),
    autoCreate: reader.need("BERTH_AUTO_CREATE", onOff),
    repositoriesPerRegistry: reader.need("BERTH_REPOSITORIES_PER_REGISTRY", integer(0, 10_000_000)),
    imagesPerRepository: reader.need("BERTH_IMAGES_PER_REPOSITORY", integer(0, 100_000_000)),
    tagsPerImage: reader.need("BERTH_TAGS_PER_IMAGE", integer(0, 100_000_000)),
    uploadsPerPrincipal: reader.need("BERTH_UPLOADS_PER_PRINCIPAL", integer(1, 1_000_000)),
    uploadExpiry: reader.need("BERTH_UPLOAD_EXPIRY", duration),
    blobGrace: reader.need("BERTH_BLOB_GRACE", duration),
    lifecycle: {
      interval: reader.need("BERTH_LIFECYCLE_INTERVAL", lifecycleInterval),
      unit: reader.need("BERTH_LIFECYCLE_UNIT", oneOf(["image", "strict"] as const)),
    },
    accessLog: reader.need("BERTH_ACCESS_LOG", onOff),
    log: {
      level: reader.need("BERTH_LOG_LEVEL", oneOf(LOG_LEVELS)),
      format: reader.read("BERTH_LOG_FORMAT", oneOf(["json", "text"] as const)),
    },
    auditRetention: reader.need("BERTH_AUDIT_RETENTION", auditRetention),
    auditPulls: reader.need("BERTH_AUDIT_PULLS", onOff),
    processes: reader.need("WEB_CONCURRENCY", integer(1, 64)),
  };
  reader.refuseUnknown();
  if (reader.mistakes.length > 0) throw new ConfigError(reader.mistakes);
  return config;
}

function readS3(reader: Reader): S3Config | undefined {
  const bucket = reader.read("BERTH_S3_BUCKET", text);
  const endpoint = reader.read("BERTH_S3_ENDPOINT", origin);
  const region = reader.need("BERTH_S3_REGION", text);
  const accessKeyId = reader.read("BERTH_S3_ACCESS_KEY_ID", text);
  const secretAccessKey = reader.read("BERTH_S3_SECRET_ACCESS_KEY", text);
  const externalEndpoint = reader.read("BERTH_S3_EXTERNAL_ENDPOINT", origin);
  const pathStyle = reader.read("BERTH_S3_PATH_STYLE", bool);
  const encryption = reader.read("BERTH_S3_ENCRYPTION", s3Encryption);
  if (bucket === undefined) {
    if (endpoint !== undefined) reader.requireWith("BERTH_S3_BUCKET", bucket, "BERTH_S3_ENDPOINT");
    return undefined;
  }
  reader.requireWith("BERTH_S3_ACCESS_KEY_ID", accessKeyId, "BERTH_S3_BUCKET");
  reader.requireWith("BERTH_S3_SECRET_ACCESS_KEY", secretAccessKey, "BERTH_S3_BUCKET");
  return {
    ...{ bucket, endpoint, region, externalEndpoint, pathStyle, encryption },
    ...{ accessKeyId: accessKeyId ?? "", secretAccessKey: secretAccessKey ?? "" },
  };
}

/** Turns text into a value, or throws an Error that says the rule ("must be …"). */
type Parse<T> = (value: string) => T;

class Reader {
  readonly mistakes: string[] = [];
  readonly #env: NodeJS.ProcessEnv;
  readonly #mistaken = new Set<string>();

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  mistake(name: string, rule: string): void {
    // What is wrong with a secret's file is wrong with the secret.
    this.#mistaken.add(name.replace(/_FILE$/, ""));
    this.mistakes.push(`${name} ${rule}`);
  }

  /** Reports a value that is missing beside `given`, unless what is wrong with it has been said. */
  requireWith(name: SettingName, value: unknown, given: string): void {
    if (value === undefined && !this.#mistaken.has(name)) this.mistake(name, `is required with ${given}`);
  }

  read<T>(name: SettingName, parse: Parse<T>): T | undefined {
    const setting: Setting = SETTINGS[name];
    const value = this.#text(name, setting) ?? setting.default;
    if (value === undefined) return undefined;
    try {
      return parse(value);
    } catch (error) {
      // A URL may hold a password where none belongs.
      const harmless = value.replace(/\/\/[^/]*@/, "//…@").slice(0, 100);
      const shown = setting.secret ? "" : `, not ${JSON.stringify(harmless)}`;
      this.mistake(name, `${(error as Error).message}${shown}`);
      return undefined;
    }
  }

  /** A setting with a default: undefined only beside a mistake, which {@link readConfig} turns into an error. */
  need<T>(name: SettingName, parse: Parse<T>): T {
    return this.read(name, parse) as T;
  }

  together(pair: Readonly<Record<string, unknown>>): void {
    const missing = Object.keys(pair).filter((name) => pair[name] === undefined && !this.#mistaken.has(name));
    const given = Object.keys(pair).filter((name) => pair[name] !== undefined);
    if (given.length > 0)
      for (const name of missing) this.mistake(name, `is required with ${given.join(", ")}`);
  }

  refuseUnknown(): void {
    for (const name of Object.keys(this.#env)) {
      const base = name.replace(/_FILE$/, "");
      const known =
        name in SETTINGS || (base in SETTINGS && (SETTINGS[base as SettingName] as Setting).secret);
      if (name.startsWith("BERTH_") && !known && !OTHER_VARIABLES.has(name))
        this.mistake(name, "is not a setting");
    }
  }

  #text(name: SettingName, setting: Setting): string | undefined {
    const file = setting.secret ? this.#env[`${name}_FILE`] : undefined;
    const value = this.#env[name];
    if (file === undefined || file === "") return value === "" ? undefined : value;
    if (value !== undefined && value !== "") {
      this.mistake(name, `and ${name}_FILE are both given; use one`);
      return undefined;
    }
    try {
      const content = readFileSync(file, "utf8").trim();
      if (content !== "") return content;
      this.mistake(`${name}_FILE`, `names an empty file: ${file}`);
      return undefined;
    } catch (error) {
      this.mistake(`${name}_FILE`, `cannot be read: ${(error as Error).message}`);
      return undefined;
    }
  }
}

/** Variables that are not settings: those of the client commands, and what a node hands to its own processes. */
const OTHER_VARIABLES = new Set([
  "BERTH_ACCESS_KEY_ID",
  "BERTH_SECRET_ACCESS_KEY",
  "BERTH_SESSION_TOKEN",
  "BERTH_CONFIG",
  "BERTH_INTERNAL_DATABASE",
  "BERTH_INTERNAL_LAUNCHED",
]);

const text: Parse<string> = (value) => value;

function pattern(rule: RegExp, says: string): Parse<string> {
  return (value) => {
    if (!rule.test(value)) throw new Error(says);
    return value;
  };
}

const region = pattern(/^[a-z0-9-]{1,64}$/, "must be letters, digits and dashes");

const regionNames: Parse<ServedRegions> = (value) =>
  value === "*" ? [value] : value.split(",").map((name) => region(name.trim()));

function servedRegions(own: string, others: ServedRegions): ServedRegions {
  return [...new Set([own, ...others])];
}

const accessKey = pattern(/^\w{16,128}$/, "must be 16 to 128 letters, digits and '_'");
const adminSecret = pattern(/^[^:\s]{16,128}$/, "must be 16 to 128 characters without ':' and blanks");

function integer(min: number, max: number): Parse<number> {
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) throw new Error(`must be ${min} to ${max}`);
    return number;
  };
}

function oneOf<T extends string>(values: readonly T[]): Parse<T> {
  return (value) => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw new Error(`must be ${values.join(" or ")}`);
    return found;
  };
}

const onOff: Parse<boolean> = (value) => {
  if (value !== "on" && value !== "off") throw new Error("must be on or off");
  return value === "on";
};

const bool: Parse<boolean> = (value) => {
  if (value !== "true" && value !== "false") throw new Error("must be true or false");
  return value === "true";
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A hundred years: dates can hold no span without end. */
const DURATION_MAX = 36_500 * 86_400_000;

const duration: Parse<number> = (value) => {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(value);
  const milliseconds = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? 0);
  if (match === null || milliseconds > DURATION_MAX) {
    throw new Error("must be a number and one of ms, s, m, h, d, such as 24h, at most 36500d");
  }
  return milliseconds;
};

const tokenLifetime: Parse<number> = (value) => {
  const milliseconds = duration(value);
  if (milliseconds < 15 * 60_000 || milliseconds > 7 * 86_400_000) throw new Error("must be 15m to 7d");
  return milliseconds;
};

/** A day is what ECR promises for images that a policy is about. */
const lifecycleInterval: Parse<number> = (value) => {
  const milliseconds = duration(value);
  if (milliseconds < 60_000 || milliseconds > 86_400_000) throw new Error("must be 1m to 24h");
  return milliseconds;
};

const auditRetention: Parse<number> = (value) => {
  const milliseconds = duration(value);
  const days = milliseconds / 86_400_000;
  if (days < 1 || days > 3650) throw new Error("must be 1d to 3650d");
  return milliseconds;
};

const hostAndPort: Parse<{ host: string; port: number }> = (value) => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new Error("must be host:port, or [address]:port");
  return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
};

/** The certificates of a PEM file. */
const certificates: Parse<string> = (path) => {
  const pem = readFileSync(path, "utf8");
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (found.length === 0) throw new Error("must be a PEM file with certificates");
  for (const each of found) new X509Certificate(each);
  return pem;
};

const hostNames: Parse<readonly string[]> = (value) => {
  const names = value.split(",").map((part) => part.trim().toLowerCase());
  if (!names.every((name) => /^(?:\*|[a-z0-9.-]+|\[[0-9a-f:.]+\])$/.test(name))) {
    throw new Error("must be host names without ports, comma-separated, or *");
  }
  return names;
};

const origin: Parse<string> = (value) => {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) {
    throw new Error("must be http:// or https://, a host and perhaps a port");
  }
  return url.origin;
};

const origins: Parse<readonly string[]> = (value) =>
  value.split(",").map((part) => {
    const trimmed = part.trim();
    return trimmed === "*" ? trimmed : origin(trimmed);
  });

const postgresUrl: Parse<string> = (value) => {
  if (!/^postgres(?:ql)?:\/\//.test(value)) throw new Error("must begin with postgres://");
  const url = URL.parse(value);
  // A password with such a character would be cut, and its rest taken for something that may be shown.
  if (url === null || url.hash !== "" || /[@/].*[@/]|@/.test(url.pathname)) {
    throw new Error(
      "must be a URL; write special characters of the password as %40 for @, %2F for /, %23 for #",
    );
  }
  return value;
};

const key32: Parse<Buffer> = (value) => {
  const bytes = Buffer.from(value, "base64");
  if (bytes.length !== 32) throw new Error("must be 32 bytes in base64");
  return bytes;
};

const s3Encryption: Parse<"AES256" | { kmsKeyId: string }> = (value) => {
  if (value === "AES256") return value;
  const kmsKeyId = /^aws:kms:(.+)$/.exec(value)?.[1];
  if (kmsKeyId === undefined) throw new Error("must be AES256 or aws:kms:KEY");
  return { kmsKeyId };
};

const networks: Parse<BlockList> = (value) => {
  const list = new BlockList();
  for (const entry of value.split(",").map((part) => part.trim())) {
    const [address = "", prefix, ...more] = entry.split("/");
    const family = isIP(address);
    const bits = family === 6 ? 128 : 32;
    const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
    if (family === 0 || !isPrefix || more.length > 0) {
      throw new Error("must be addresses or networks like 10.0.0.0/8, comma-separated");
    }
    list.addSubnet(address, prefix === undefined ? bits : Number(prefix), family === 6 ? "ipv6" : "ipv4");
  }
  return list;
};
