/** What JSON may be made of. The cost of a document is that of its pieces: text between two quotes costs next to nothing. */
export interface JsonLimits {
  /** Objects and arrays within one another. */
  readonly depth: number;
  /** Objects and arrays. */
  readonly containers: number;
  /** Members of objects and elements of arrays, altogether. */
  readonly entries: number;
}

/** A document of more, or deeper nested, pieces than its limits say. The message names the limit alone. */
export class JsonSizeError extends Error {
  override readonly name = "JsonSizeError";
}

/**
 * Counts the pieces of a document before anybody parses it, in one pass over its bytes. What is no JSON is counted as
 * if it were: its parser refuses it. @throws JsonSizeError
 */
export function boundJson(bytes: Uint8Array, limits: JsonLimits): void {
  let [depth, containers, entries] = [0, 0, 0];
  for (let at = 0; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at);
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (++depth > limits.depth) throw new JsonSizeError(`nests deeper than ${limits.depth} levels`);
        if (++containers > limits.containers) {
          throw new JsonSizeError(`has more than ${limits.containers} objects and arrays`);
        }
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth--;
        break;
      case COMMA:
        if (++entries > limits.entries) throw new JsonSizeError(`has more than ${limits.entries} members`);
        break;
    }
  }
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at;
  }
  return bytes.length;
}
