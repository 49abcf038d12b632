/** One environment variable. `docs/configuration.md` is made from this table, and a test holds the two together. */
export interface Setting {
  /** What it does, for an operator. */
  readonly doc: string;
  /** Its value when absent, as one would write it; undefined when there is none. */
  readonly default?: string;
  /** May also be given as the path of a file, in the variable of the same name with `_FILE` appended. */
  readonly secret?: true;
}

/** Every environment variable that Berth reads, by its name. */
export const SETTINGS = {
  BERTH_LISTEN: {
    default: "127.0.0.1:5050",
    doc: "Address and port to listen on; port 0 picks a free one. Use `0.0.0.0:5050` to be reached from other machines, with TLS or behind a proxy that has it.",
  },
  BERTH_DATA_DIR: {
    default: "./data",
    doc: "Directory of everything that lives on this machine: the embedded database, blobs unless they are in S3, and the administrator's key. One Berth at a time.",
  },
  BERTH_DATABASE_URL: {
    secret: true,
    doc: "PostgreSQL 15 to 18, as `postgres://user:password@host:port/database`. Absent: an embedded PostgreSQL below the data directory.",
  },
  BERTH_DATABASE_DIRECT_URL: {
    secret: true,
    doc: "The same database past a transaction pooler such as pgbouncer: for migrations. Absent: `BERTH_DATABASE_URL`.",
  },
  BERTH_S3_ENDPOINT: {
    doc: "URL of an S3 service, e.g. `http://s3:7070`; AWS itself when only a bucket is given.",
  },
  BERTH_S3_REGION: { default: "us-east-1", doc: "Region that S3 requests are signed for." },
  BERTH_S3_BUCKET: {
    doc: "Bucket for blobs; it must exist. Absent: blobs are files below the data directory.",
  },
  BERTH_S3_ACCESS_KEY_ID: { secret: true, doc: "Access key of the S3 service. Required with a bucket." },
  BERTH_S3_SECRET_ACCESS_KEY: { secret: true, doc: "Its secret. Required with a bucket." },
  BERTH_S3_EXTERNAL_ENDPOINT: {
    doc: "URL under which clients reach the S3 service. When given, blob downloads are redirected there by URLs that are valid for 20 minutes; otherwise Berth streams them.",
  },
  BERTH_S3_PATH_STYLE: {
    doc: "`true`: `endpoint/bucket/key`; `false`: `bucket.endpoint/key`. Absent: path style with an endpoint, virtual-host style on AWS.",
  },
  BERTH_S3_ENCRYPTION: {
    doc: "Server-side encryption of new objects: `AES256`, or `aws:kms:` and a key id. Absent: what the bucket does by itself.",
  },
  BERTH_EXTERNAL_URL: {
    doc: "URL under which clients reach Berth, e.g. `https://registry.example.com`. It wins over what proxies say: in `Location` and `Link`, challenges, `repositoryUri` and `proxyEndpoint`. Absent: answers carry paths only, which is right behind any proxy that keeps paths, and the rest names the host that the client came to.",
  },
  BERTH_TLS_CERT: { doc: "PEM file with the certificate chain; with `BERTH_TLS_KEY` Berth speaks HTTPS." },
  BERTH_TLS_KEY: { doc: "PEM file with the private key." },
  BERTH_TRUSTED_PROXIES: {
    doc: "Addresses or networks (`10.0.0.0/8,::1`), comma-separated, whose `X-Forwarded-For`, `-Proto`, `-Host` and `-Port` are believed, or their `Forwarded` (RFC 7239) where they send none of these. A proxy that writes `Forwarded` must remove the `X-Forwarded-*` of its clients. Absent: nobody's.",
  },
  BERTH_CORS_ORIGINS: {
    doc: "Origins such as `https://ui.example.com`, comma-separated, whose pages may use Berth from a browser as its user may. `*`: pages of every origin may read, with credentials that they bring themselves. Absent: none may.",
  },
  BERTH_MASTER_KEY: {
    secret: true,
    doc: "32 random bytes in base64 (`openssl rand -base64 32`) that encrypt secrets in the database. Required with an external database; embedded, one is made at first start. A node whose key is not the database's does not start.",
  },
  BERTH_PREVIOUS_MASTER_KEY: {
    secret: true,
    doc: "Another master key, which opens secrets but encrypts none: for the time of `berth keys rotate`. See [the command line](cli.md#berth-keys).",
  },
  BERTH_ADMIN_ACCESS_KEY_ID: {
    doc: "Access key id of the administrator (16 to 128 letters, digits, `_`). Required with an external database at first start; embedded, a key is made and printed once. Later starts change no key: see [operating](operating.md#master-key-and-administrator).",
    secret: true,
  },
  BERTH_ADMIN_SECRET_ACCESS_KEY: {
    secret: true,
    doc: "Its secret, at least 16 characters. A node that was given another one than the key has does not start.",
  },
  BERTH_ACCOUNT_ID: {
    default: "000000000000",
    doc: "The default account, 12 digits: the one that a host name without an account speaks to.",
  },
  BERTH_REGION: { default: "us-east-1", doc: "The region of the default account's registry." },
  BERTH_REGIONS: {
    doc: "Regions that are served, comma-separated, or `*` for any: each account has a registry of its own in each, which is made when it is first used. The region of a request's signature says which one is meant, on the registry side a host name `ACCOUNT.dkr.ecr.REGION.…`. Absent: the one of `BERTH_REGION`, which is served in any case. See [access](access.md#regions).",
  },
  BERTH_ORGANIZATION: {
    doc: "The organization that accounts are in, for `aws:PrincipalOrgID` and `aws:PrincipalOrgPaths` in policies: `o-a1b2c3d4e5`, or with the way to them, `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`. Several, comma-separated, each after `ACCOUNT=` but one for all others. The same on every node. Absent: the two condition keys have no value.",
  },
  BERTH_REGISTRY_HOST: {
    doc: "Host names of registries, such as `{account}.dkr.ecr.{region}.example.com`: what `repositoryUri` and `proxyEndpoint` of the ECR API say. Absent: the external URL, or where the asking client reached Berth, and for registries that are not the default one `ACCOUNT.dkr.ecr.REGION.` before it.",
  },
  BERTH_TOKEN_LIFETIME: {
    default: "12h",
    doc: "How long a password from `aws ecr get-login-password` lives, 15m to 7d.",
  },
  BERTH_BEARER_HOSTS: {
    doc: "Host names without ports, comma-separated, or `*`: there clients get scoped tokens of an hour from `/token` (Bearer) instead of sending their password with every request. Absent: none, as ECR has it. See [access](access.md).",
  },
  BERTH_ANONYMOUS_PULL: {
    default: "off",
    doc: '`on`: on the hosts of `BERTH_BEARER_HOSTS` anybody pulls, without credentials, from repositories whose policy allows it to `Principal: "*"`. `off`: `*` means every authenticated principal.',
  },
  BERTH_OIDC_PRIVATE_HOSTS: {
    doc: "Host names or addresses without ports, comma-separated, or `*`: OpenID Connect issuers, and hosts of their keys, that may have private, loopback or link-local addresses, such as `kubernetes.default.svc`. Absent: none, so that nobody who registers an issuer makes Berth ask what only Berth can reach.",
  },
  BERTH_OIDC_CA: {
    doc: "PEM file with certificates of authorities that OpenID Connect issuers may have beside the usual ones. Absent: the usual ones, and the thumbprints of a provider where it has others.",
  },
  BERTH_WEBHOOK_PRIVATE_HOSTS: {
    doc: "Host names or addresses without ports, comma-separated, or `*`: receivers of [webhooks](events.md#webhooks) that may have private, loopback or link-local addresses, and may be told over plain HTTP. Absent: none.",
  },
  BERTH_WEBHOOK_CA: {
    doc: "PEM file with certificates of authorities that receivers of webhooks may have beside the usual ones.",
  },
  BERTH_AUTO_CREATE: {
    default: "on",
    doc: "`on`: a push to a repository that does not exist creates it, if the pusher may. `off`: only where a repository creation template covers it, as on ECR; else `NAME_UNKNOWN`.",
  },
  BERTH_REPOSITORIES_PER_REGISTRY: {
    default: "100000",
    doc: "Repositories that an account may have in a region; one more is refused with `LimitExceededException`, and a push that would make it with `DENIED`. `0`: no limit.",
  },
  BERTH_IMAGES_PER_REPOSITORY: {
    default: "10000",
    doc: "Images (manifests, with those that an index lists) that a repository may have; a push of one more is refused with `LimitExceededException` or `DENIED`. Pushes at the same moment may exceed it by as many as they are. A repository that had as many already when it was upgraded is not held to this, nor to the next. `0`: no limit.",
  },
  BERTH_TAGS_PER_IMAGE: {
    default: "1000",
    doc: "Tags that one image may have; one more is refused in the same way. `0`: no limit.",
  },
  BERTH_UPLOADS_PER_PRINCIPAL: {
    default: "10000",
    doc: "Open upload sessions that one principal may have, the sessions of one role together; more are answered 429.",
  },
  BERTH_UPLOAD_EXPIRY: {
    default: "24h",
    doc: "Time without activity after which an upload session ends and its bytes are removed.",
  },
  BERTH_BLOB_GRACE: {
    default: "24h",
    doc: "Time for which a blob that no manifest names stays: a push uploads blobs first and the manifest last.",
  },
  BERTH_LIFECYCLE_INTERVAL: {
    default: "1h",
    doc: "Time from one run of a repository's lifecycle policy to the next. A policy that is set or replaced runs within seconds.",
  },
  BERTH_LIFECYCLE_UNIT: {
    default: "image",
    doc: "What lifecycle rules count and delete. `image`: an index, what it lists and what refers to them (signatures, SBOMs) are one image. `strict`: each manifest is one, as in ECR.",
  },
  BERTH_ACCESS_LOG: {
    default: "off",
    doc: "`on`: successful reads are logged as well. Errors, writes, denials and slow requests always are.",
  },
  BERTH_LOG_LEVEL: {
    default: "info",
    doc: "`error`, `warn` or `info`: less important lines of the log are left out.",
  },
  BERTH_LOG_FORMAT: {
    doc: "`json`: one object a line. `text`: short lines for people. Absent: `text` on a terminal, else `json`.",
  },
  BERTH_AUDIT_RETENTION: {
    default: "90d",
    doc: "Time for which the audit log keeps its records, 1d to 3650d; whole days (UTC) go at once.",
  },
  BERTH_AUDIT_PULLS: {
    default: "off",
    doc: "`on`: the audit log has every manifest that was pulled as well. Changes and denials it always has.",
  },
  WEB_CONCURRENCY: { default: "1", doc: "Processes that serve requests, 1 to 64." },
} as const satisfies Readonly<Record<string, Setting>>;

/** Name of an environment variable. */
export type SettingName = keyof typeof SETTINGS;
