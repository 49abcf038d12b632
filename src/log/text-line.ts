import type { LogFields, LogLevel } from "./levels.ts";

const VALUE_MAX = 300;

/** What says little to people, in a line that is said of a request. */
const OF_REQUEST = ["method", "path", "status", "ms", "route", "bytes", "received", "key", "ip", "userAgent"];

/**
 * A short line for people, such as `12:00:00 warn  dependency failed: GET /v2/ 503 8 ms reason="no room"`. Of a request
 * that went well its id is left out.
 */
export function textLine(level: LogLevel, message: string, fields: LogFields, at = new Date()): string {
  const time = at.toTimeString().slice(0, 8);
  const { method, path, status, ms } = fields;
  const isRequest = [method, path, status, ms].every((value) => value !== undefined);
  const request = isRequest ? `: ${[method, path, status, ms].map(shown).join(" ")} ms` : "";
  const left = isRequest ? [...OF_REQUEST, ...(level === "info" ? ["requestId"] : [])] : [];
  const facts = Object.entries(fields)
    .filter(([name, value]) => value !== undefined && value !== "" && !left.includes(name))
    .map(([name, value]) => ` ${name}=${shown(value)}`);
  return `${time} ${level.padEnd(5)} ${message}${request}${facts.join("")}\n`;
}

/** What somebody else wrote must not move a terminal's cursor or change its colours. */
function shown(value: unknown): string {
  const text = typeof value === "string" && /^[\w.,:;/@+*-]+$/.test(value) ? value : JSON.stringify(value);
  const harmless = String(text).replace(/[^\x20-\x7e]/g, "?");
  return harmless.length > VALUE_MAX ? `${harmless.slice(0, VALUE_MAX)}…` : harmless;
}
