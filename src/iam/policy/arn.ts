/** An ARN cut at its first five colons; the resource may hold more of them. */
export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for what is one for all regions. */
  readonly region: string;
  /** Twelve digits, `aws` for AWS's own, or empty. */
  readonly account: string;
  /** Like `repository/team/app`. */
  readonly resource: string;
}

/** Reads `arn:<partition>:<service>:<region>:<account>:<resource>`; undefined for anything else. Linear in the text. */
export function parseArn(text: string): Arn | undefined {
  const parts = cutAtColons(text);
  const [scheme, partition = "", service = "", region = "", account = "", resource] = parts;
  if (scheme !== "arn" || resource === undefined) return undefined;
  return { partition, service, region, account, resource };
}

/** The account of an ARN, which may be empty, without reading the rest of it; undefined where `text` is none. */
export function accountOfArn(text: string): string | undefined {
  if (!text.startsWith("arn:")) return undefined;
  const service = text.indexOf(":", 4);
  const region = service < 0 ? -1 : text.indexOf(":", service + 1);
  const account = region < 0 ? -1 : text.indexOf(":", region + 1);
  const resource = account < 0 ? -1 : text.indexOf(":", account + 1);
  return resource < 0 ? undefined : text.slice(account + 1, resource);
}

/** The six parts of an ARN, or as many as there are. */
export function cutAtColons(text: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  while (parts.length < 5) {
    const colon = text.indexOf(":", start);
    if (colon < 0) break;
    parts.push(text.slice(start, colon));
    start = colon + 1;
  }
  return [...parts, text.slice(start)];
}
