import type { Config } from "../config.ts";
import type { Credentials } from "../iam/access-keys.ts";
import { administratorFile } from "./data-directory.ts";

/** What a person who has just started Berth needs to see, and the line that scripts wait for. */
export function welcome(
  config: Config,
  url: string,
  administrator: Credentials | undefined,
  isNew: boolean,
): string {
  const host = (config.externalUrl ?? url)
    .replace(/^https?:\/\//, "")
    .replace(/^(?:0\.0\.0\.0|\[::\])/, "localhost");
  const lines = [`listening on ${url}`, ""];
  if (administrator !== undefined && isNew) {
    lines.push(
      `administrator of account ${config.account}, shown once and kept in ${administratorFile(config.dataDir)}:`,
      `  access key id      ${administrator.accessKeyId}`,
      `  secret access key  ${administrator.secretAccessKey}`,
      "",
    );
  } else if (administrator !== undefined) {
    const place =
      config.administrator === undefined
        ? `in ${administratorFile(config.dataDir)}`
        : "what BERTH_ADMIN_SECRET_ACCESS_KEY gives";
    lines.push(
      `administrator of account ${config.account}: ${administrator.accessKeyId}; the secret is ${place}`,
      "",
    );
  }
  lines.push(
    "first push:",
    `  docker login -u ${administrator?.accessKeyId ?? "ACCESS_KEY_ID"} ${host}`,
    `  docker tag IMAGE ${host}/hello:1`,
    `  docker push ${host}/hello:1`,
    "",
  );
  return `${lines.join("\n")}\n`;
}
