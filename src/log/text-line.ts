import type { LogFields, LogLevel } from "./levels.ts";

const VALUE_MAX = 300;

/** A short line for people, such as `12:00:00 warn  dependency failed status=503 reason="no room"`. */
export function textLine(level: LogLevel, message: string, fields: LogFields, at = new Date()): string {
  const time = at.toTimeString().slice(0, 8);
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${time} ${level.padEnd(5)} ${message}${facts.join("")}\n`;
}

/** What somebody else wrote must not move a terminal's cursor or change its colours. */
function shown(value: unknown): string {
  const text = typeof value === "string" && /^[\w.,:;/@+*-]+$/.test(value) ? value : JSON.stringify(value);
  const harmless = String(text).replace(/[^\x20-\x7e]/g, "?");
  return harmless.length > VALUE_MAX ? `${harmless.slice(0, VALUE_MAX)}…` : harmless;
}
