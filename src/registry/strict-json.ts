/** Nesting that no manifest needs; deeper text is hostile. */
export const JSON_DEPTH_MAX = 64;

/** Why a text is not acceptable JSON. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

/**
 * Parses UTF-8 JSON and refuses what two readers could understand differently: a byte order mark, invalid UTF-8,
 * duplicate keys in one object (RFC 8259 section 4 leaves them undefined), nesting beyond {@link JSON_DEPTH_MAX}.
 * @throws StrictJsonError naming the rule
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError("the body is not valid UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StrictJsonError(`the body is not JSON: ${(error as Error).message.slice(0, 120)}`);
  }
  refuseAmbiguity(text);
  return value;
}

/** Walks text that JSON.parse has already accepted, so only structure needs to be followed. */
function refuseAmbiguity(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let lastString = "";
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        lastString = text.slice(at, end + 1);
        at = end;
        break;
      }
      case 0x3a: {
        const keys = open.at(-1);
        const key: string = JSON.parse(lastString);
        if (keys?.has(key)) {
          throw new StrictJsonError(`the key ${lastString.slice(0, 120)} appears twice in one object`);
        }
        keys?.add(key);
        break;
      }
      case 0x7b:
        open.push(new Set());
        break;
      case 0x5b:
        open.push(undefined);
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        break;
    }
    if (open.length > JSON_DEPTH_MAX) {
      throw new StrictJsonError(`the body nests deeper than ${JSON_DEPTH_MAX} levels`);
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
}
