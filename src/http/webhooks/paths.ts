const PATH = /^\/v1\/webhooks(?:\/([^/]+)(?:\/(test|deliveries|replay))?)?$/;

/** What may be asked of webhooks, as their paths say it. */
export interface WebhookPath {
  /** Undefined for all of them. */
  readonly id: string | undefined;
  readonly part: "test" | "deliveries" | "replay" | undefined;
}

/** Undefined for the path of something else. */
export function webhookPath(path: string): WebhookPath | undefined {
  const match = PATH.exec(path);
  if (match === null) return undefined;
  return { id: match[1], part: match[2] as WebhookPath["part"] };
}

/** The methods of such a path. */
export function methodsOf({ id, part }: WebhookPath): readonly string[] {
  if (id === undefined) return ["GET", "POST", "OPTIONS"];
  if (part === undefined) return ["DELETE", "OPTIONS"];
  return [part === "deliveries" ? "GET" : "POST", "OPTIONS"];
}
