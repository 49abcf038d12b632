import { iamArn, rootArn } from "./arns.ts";
import type { CredentialHolder, ReportedKey } from "./ports/index.ts";

/** Columns of AWS's credential report ("Understanding the report format"). */
const COLUMNS = [
  ...["user", "arn", "user_creation_time", "password_enabled", "password_last_used"],
  ...["password_last_changed", "password_next_rotation", "mfa_active"],
  ...[1, 2].flatMap((key) =>
    ["active", "last_rotated", "last_used_date", "last_used_region", "last_used_service"].map(
      (fact) => `access_key_${key}_${fact}`,
    ),
  ),
  ...["cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"],
];
const NONE = "N/A";
/** Berth has neither. */
const NO_CERTIFICATES = ["false", NONE, "false", NONE];
const NO_PASSWORD = ["false", NONE, NONE, NONE];
const ROOT_PASSWORD = ["not_supported", "no_information", "not_supported", "not_supported"];

/** The report as CSV. Names and ARNs hold nothing that CSV would have to quote but commas, which names may have. */
export function credentialReport(account: string, holders: readonly CredentialHolder[]): string {
  const rows = holders.map((holder) => rowOf(account, holder));
  return [COLUMNS, ...rows].map((row) => row.map(field).join(",")).join("\n");
}

function rowOf(account: string, { user, createdAt, hasMfa, keys }: CredentialHolder): readonly string[] {
  const arn = user === undefined ? rootArn(account) : iamArn({ account, kind: "user", ...user });
  return [
    ...[user?.name ?? "<root_account>", arn, time(createdAt)],
    ...(user === undefined ? ROOT_PASSWORD : NO_PASSWORD),
    String(hasMfa),
    ...[...keyFields(keys[0]), ...keyFields(keys[1]), ...NO_CERTIFICATES],
  ];
}

function keyFields(key: ReportedKey | undefined): readonly string[] {
  if (key === undefined) return ["false", NONE, NONE, NONE, NONE];
  const used =
    key.used === undefined ? [NONE, NONE, NONE] : [time(key.used.at), key.used.region, key.used.service];
  return [String(key.active), time(key.createdAt), ...used];
}

function time(at: Date): string {
  return `${at.toISOString().slice(0, 19)}+00:00`;
}

function field(text: string): string {
  return text.includes(",") ? `"${text}"` : text;
}
