import { boundJson, endOfString, type JsonLimits, JsonSizeError } from "../kernel/json-size.ts";

/** Nesting that no manifest needs; deeper text is hostile. */
export const JSON_DEPTH_MAX = 64;

/** What parsing and reading take a few hundredths of a second for: a manifest of about 5,000 layers or entries. */
export const STRICT_JSON_LIMITS: JsonLimits = {
  ...{ depth: JSON_DEPTH_MAX, containers: 5_000, entries: 16_000 },
  between: 2 * 1024 * 1024,
};

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Why a text is not acceptable JSON. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

/**
 * Parses UTF-8 JSON and refuses what two readers could understand differently: a byte order mark, invalid UTF-8,
 * duplicate keys in one object (RFC 8259 section 4 leaves them undefined), more than {@link STRICT_JSON_LIMITS} allow.
 * @throws StrictJsonError naming the rule
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  refuseSize(bytes);
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    throw new StrictJsonError("the body is not valid UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StrictJsonError(`the body is not JSON: ${(error as Error).message.slice(0, 120)}`);
  }
  refuseAmbiguity(bytes);
  return value;
}

/** Before anything is made of it: an object costs microseconds, and a body has room for a million of them. */
function refuseSize(bytes: Uint8Array): void {
  try {
    boundJson(bytes, STRICT_JSON_LIMITS);
  } catch (error) {
    if (error instanceof JsonSizeError) throw new StrictJsonError(`the body ${error.message}`);
    throw error;
  }
}

/** Walks what JSON.parse has already accepted, so only structure needs to be followed. */
function refuseAmbiguity(bytes: Uint8Array): void {
  const open: (Set<string> | undefined)[] = [];
  let [start, end] = [0, 0];
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    switch (bytes[at]) {
      case 0x22 /* " */:
        start = at;
        end = endOfString(bytes, at);
        at = end;
        break;
      case 0x3a /* : */:
        {
          const keys = open.at(-1);
          const quoted = UTF8.decode(bytes.subarray(start, end + 1));
          const key = nameOf(quoted);
          if (keys?.has(key)) {
            throw new StrictJsonError(`the key ${quoted.slice(0, 120)} appears twice in one object`);
          }
          keys?.add(key);
          break;
        }
      case 0x7b /* { */:
        open.push(new Set());
        break;
      case 0x5b /* [ */:
        open.push(undefined);
        break;
      case 0x7d /* } */:
      case 0x5d /* ] */:
        open.pop();
        break;
    }
  }
}

/** What a key says, however it is spelled. */
function nameOf(quoted: string): string {
  return quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
}
