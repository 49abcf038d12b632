/** Text for a terminal: what somebody else wrote must not move its cursor or change its colours. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
