import { Base64Decoder } from "./blob-decoder.ts";

/** A body in JSON without its content, and the content. */
export interface ScannedContent {
  /** The content as an empty text. It may be no JSON: its parser says so. */
  readonly json: Buffer;
  /** Undefined where the body has no text of that name. */
  readonly content: Buffer | undefined;
}

/** What no body of content may be; the message says why. */
export class ContentScanError extends Error {
  override readonly name = "ContentScanError";
}

/** Bytes of everything but the content. */
const JSON_MAX = 64 * 1024;

const [LETTER_U, SLASH] = [0x75, 0x2f];
/** Bytes of an escape by number, from its backslash. */
const ESCAPE_LENGTH = 6;
/** The first character that is not ASCII. */
const BEYOND_ASCII = 0x80;
/** The value of each byte as a hexadecimal digit; of what is none so much that no number with it is a character. */
const HEX = Uint32Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 0x10000 : digit;
});

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Takes a JSON object apart as it comes: one member of it, a text in base64 that may have many megabytes, is decoded at
 * once, and neither it nor the body is ever there as text. The rest is left to the parser.
 */
export class ContentScanner {
  readonly #member: string;
  readonly #capacity: number;
  readonly #json: Buffer[] = [];
  #jsonSize = 0;
  #depth = 0;
  #inText = false;
  #escaped = false;
  /** In the outermost object: the raw text of the name that is being read. */
  #name: number[] = [];
  #isName = false;
  /** Whether the name that was read last is that of the content. */
  #isNamed = false;
  #isValue = false;
  #decoder: Base64Decoder | undefined;
  #inContent = false;
  /** Of an escape within the content: how many bytes of it have come, and the number in them. */
  #escapeLength = 0;
  #escapeCode = 0;

  /** `capacity`: bytes that the content decodes to, at most. */
  constructor(member: string, capacity: number) {
    this.#member = member;
    this.#capacity = capacity;
  }

  /** @throws ContentScanError, NotBase64Error */
  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      at = this.#inContent ? this.#takeContent(chunk, at) : this.#takeJson(chunk, at);
    }
  }

  /** @throws NotBase64Error */
  end(): ScannedContent {
    // A body that ends within the content is no JSON.
    const content = this.#inContent ? undefined : this.#decoder?.end();
    return { json: Buffer.concat(this.#json), content };
  }

  /** Up to where the content begins. */
  #takeJson(chunk: Buffer, start: number): number {
    let at = start;
    while (at < chunk.length && !this.#inContent) {
      const byte = chunk[at++] as number;
      if (this.#inText) this.#withinText(byte);
      else this.#betweenTexts(byte);
    }
    this.#jsonSize += at - start;
    if (this.#jsonSize > JSON_MAX) {
      throw new ContentScanError(`The body has more than ${JSON_MAX} bytes beside ${this.#member}`);
    }
    this.#json.push(Buffer.from(chunk.subarray(start, at)));
    return at;
  }

  #withinText(byte: number): void {
    if (this.#isName && (this.#escaped || byte !== QUOTE)) this.#name.push(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#endText();
  }

  #betweenTexts(byte: number): void {
    const isOutermost = this.#depth === 1;
    switch (byte) {
      case QUOTE:
        if (isOutermost && this.#isValue && this.#isNamed) this.#beginContent();
        else this.#beginText(isOutermost && !this.#isValue);
        break;
      case COLON:
        if (isOutermost) this.#isValue = true;
        break;
      case COMMA:
        if (isOutermost) this.#isValue = false;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#depth++;
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#depth--;
        break;
    }
  }

  #beginText(isName: boolean): void {
    this.#inText = true;
    this.#isName = isName;
    if (isName) this.#name = [];
  }

  /** A name is looked at once, where it ends: what is no JSON may have any number of texts behind it. */
  #endText(): void {
    this.#inText = false;
    if (this.#isName) this.#isNamed = this.#isContentName();
  }

  #isContentName(): boolean {
    try {
      return JSON.parse(`"${Buffer.from(this.#name).toString("utf8")}"`) === this.#member;
    } catch {
      return false;
    }
  }

  #beginContent(): void {
    if (this.#decoder !== undefined) throw new ContentScanError(`The body has ${this.#member} twice`);
    this.#decoder = new Base64Decoder(this.#capacity);
    this.#inContent = true;
  }

  /** Up to its closing quote, which is left to {@link #takeJson}: there it ends an empty text. */
  #takeContent(chunk: Buffer, start: number): number {
    if (this.#escapeLength > 0 || chunk.indexOf(BACKSLASH, start) >= 0)
      return this.#takeEscaped(chunk, start);
    const quote = chunk.indexOf(QUOTE, start);
    const end = quote < 0 ? chunk.length : quote;
    this.#decoder?.take(chunk.toString("latin1", start, end));
    if (quote >= 0) this.#endContent();
    return end;
  }

  /** Some clients escape slashes, or all that is no letter. */
  #takeEscaped(chunk: Buffer, start: number): number {
    const plain = Buffer.allocUnsafe(chunk.length - start + 1);
    let [size, at] = [0, start];
    for (; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#escapeLength > 0) {
        const character = this.#unescape(byte);
        if (character >= 0) plain[size++] = character;
      } else if (byte === BACKSLASH) this.#escapeLength = 1;
      else if (byte === QUOTE) break;
      else plain[size++] = byte;
    }
    this.#decoder?.take(plain.toString("latin1", 0, size));
    if (at < chunk.length) this.#endContent();
    return at;
  }

  /** Negative while the escape goes on. What is none, or no digit of base64, becomes a character that is none either. */
  #unescape(byte: number): number {
    if (this.#escapeLength > 1) {
      this.#escapeCode = this.#escapeCode * 16 + (HEX[byte] as number);
      if (++this.#escapeLength < ESCAPE_LENGTH) return -1;
      this.#escapeLength = 0;
      return this.#escapeCode < BEYOND_ASCII ? this.#escapeCode : 0;
    }
    this.#escapeLength = byte === LETTER_U ? 2 : 0;
    this.#escapeCode = 0;
    if (byte === LETTER_U) return -1;
    return byte === SLASH ? byte : 0;
  }

  #endContent(): void {
    this.#inContent = false;
    this.#inText = true;
    this.#isName = false;
    this.#isValue = false;
  }
}
