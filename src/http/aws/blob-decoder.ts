/** Searched for, not matched as a whole: a pattern that runs over a whole text would exhaust the stack of the engine. */
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

/** What a text is that no blob is written as. */
export class NotBase64Error extends Error {
  override readonly name = "NotBase64Error";
}

/** Standard base64 with padding, as all of a text. @throws NotBase64Error */
export function decodeBase64(text: string): Buffer {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0 || NOT_BASE64.test(text.slice(0, text.length - padding))) throw notBase64();
  return Buffer.from(text, "base64");
}

/** The same as a text comes piece by piece, into memory that is taken once. */
export class Base64Decoder {
  readonly #target: Buffer;
  #size = 0;
  /** What is not decoded yet: at least the last four characters, which alone may be padding. */
  #rest = "";

  /** `capacity`: bytes, no fewer than the text decodes to. */
  constructor(capacity: number) {
    this.#target = Buffer.allocUnsafeSlow(capacity);
  }

  /** @throws NotBase64Error */
  take(piece: string): void {
    const text = this.#rest + piece;
    const whole = Math.max(0, text.length - (text.length % 4 || 4));
    this.#rest = text.slice(whole);
    if (whole === 0) return;
    const digits = text.slice(0, whole);
    if (NOT_BASE64.test(digits)) throw notBase64();
    this.#size += this.#target.write(digits, this.#size, "base64");
  }

  /** All bytes. @throws NotBase64Error */
  end(): Buffer {
    const last = decodeBase64(this.#rest);
    this.#size += last.copy(this.#target, this.#size);
    return this.#target.subarray(0, this.#size);
  }
}

function notBase64(): NotBase64Error {
  return new NotBase64Error("A blob is not in base64");
}
