/** What a change is told as. */
export interface EventBody {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** ISO 8601 in UTC, to the second. */
export function secondsOf(at: Date): string {
  return at.toISOString().replace(/\.\d{3}/, "");
}
