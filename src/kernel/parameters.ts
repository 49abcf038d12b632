/** What a query or a form may have. */
export interface ParameterLimits {
  /** The HTTP status of what has more: 413 for a form, 414 for a query. */
  readonly status: 413 | 414;
  /** Parameters, those without a name or value included. */
  readonly count: number;
  /** Bytes of one name as it stood on the wire. */
  readonly nameBytes: number;
  /** Bytes of one value as it stood on the wire. */
  readonly valueBytes: number;
}

/** Queries have the size of the headers as their bound; more parameters than this no door has a use for. */
export const QUERY_LIMITS: ParameterLimits = {
  ...{ status: 414, count: 1_000 },
  ...{ nameBytes: 1_024, valueBytes: 32 * 1024 },
};

/** A query or form that has more, or longer, parameters than its limits say. The message names the limit alone. */
export class ParametersError extends Error {
  override readonly name = "ParametersError";
  readonly status: 413 | 414;

  constructor(message: string, status: 413 | 414) {
    super(message);
    this.status = status;
  }
}

/**
 * The parameters of a query or of a form (`application/x-www-form-urlencoded`, URL standard section 5), in the order in
 * which they came. They are counted before the first one is decoded, and the cost is linear in the text: that of
 * URLSearchParams is not, in every Node that Berth runs on.
 */
export class Parameters {
  readonly #pairs: readonly (readonly [string, string])[];

  private constructor(pairs: readonly (readonly [string, string])[]) {
    this.#pairs = pairs;
  }

  /** `text` as it stood on the wire: bytes, or their latin1 text as Node gives a target. @throws ParametersError */
  static parse(text: string | Buffer, limits: ParameterLimits): Parameters {
    const wire = typeof text === "string" ? text : text.toString("latin1");
    return new Parameters(
      spansOf(wire, limits).map((span) => [decodeName(wire, span), decodeValue(wire, span)]),
    );
  }

  /** Those of some names alone: no other value is decoded. @throws ParametersError */
  static pick(text: string | Buffer, names: readonly string[], limits: ParameterLimits): Parameters {
    const wire = typeof text === "string" ? text : text.toString("latin1");
    const wanted = spansOf(wire, limits).filter((span) => names.includes(decodeName(wire, span)));
    return new Parameters(wanted.map((span) => [decodeName(wire, span), decodeValue(wire, span)]));
  }

  get size(): number {
    return this.#pairs.length;
  }

  /** The first value of a name; null without one. */
  get(name: string): string | null {
    return this.#pairs.find(([key]) => key === name)?.[1] ?? null;
  }

  getAll(name: string): string[] {
    return this.#pairs.filter(([key]) => key === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.#pairs.some(([key]) => key === name);
  }

  /** These, and behind them those of `other` whose name `wanted` takes. */
  with(other: Parameters, wanted: (name: string) => boolean): Parameters {
    return new Parameters([...this.#pairs, ...other.#pairs.filter(([name]) => wanted(name))]);
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.#pairs.values();
  }
}

/** The part of a target behind its question mark; empty without one. */
export function queryText(url = ""): string {
  const mark = url.indexOf("?");
  return mark < 0 ? "" : url.slice(mark + 1);
}

/** Where one parameter stands. */
interface Span {
  readonly start: number;
  /** Of the equals sign, or the end. */
  readonly nameEnd: number;
  readonly end: number;
}

function spansOf(wire: string, limits: ParameterLimits): readonly Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < wire.length; ) {
    const ampersand = wire.indexOf("&", start);
    const end = ampersand < 0 ? wire.length : ampersand;
    if (end > start) {
      if (spans.length === limits.count) throw tooMuch(`more than ${limits.count} parameters`, limits);
      spans.push(spanOf(wire, start, end, limits));
    }
    start = end + 1;
  }
  return spans;
}

function spanOf(wire: string, start: number, end: number, limits: ParameterLimits): Span {
  let nameEnd = start;
  while (nameEnd < end && wire.charCodeAt(nameEnd) !== 0x3d) nameEnd++;
  if (nameEnd - start > limits.nameBytes)
    throw tooMuch(`a name of more than ${limits.nameBytes} bytes`, limits);
  if (end - nameEnd - 1 > limits.valueBytes) {
    throw tooMuch(`a value of more than ${limits.valueBytes} bytes`, limits);
  }
  return { start, nameEnd, end };
}

function tooMuch(what: string, { status }: ParameterLimits): ParametersError {
  return new ParametersError(`a ${status === 414 ? "query" : "form"} may not have ${what}`, status);
}

function decodeName(wire: string, { start, nameEnd }: Span): string {
  return decode(wire.slice(start, nameEnd));
}

function decodeValue(wire: string, { nameEnd, end }: Span): string {
  return decode(wire.slice(nameEnd + 1, end));
}

const NEEDS_DECODING = /[+%\x80-\xff]/;

/** Blanks for plus signs, then percent-decoding, as UTF-8; what is no UTF-8 becomes U+FFFD. */
function decode(piece: string): string {
  if (!NEEDS_DECODING.test(piece)) return piece;
  const bytes = Buffer.from(piece, "latin1");
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const escaped = byte === PERCENT ? hexByte(bytes[at + 1], bytes[at + 2]) : undefined;
    bytes[length++] = escaped ?? (byte === PLUS ? BLANK : byte);
    if (escaped !== undefined) at += 2;
  }
  return bytes.toString("utf8", 0, length);
}

const [PERCENT, PLUS, BLANK] = [0x25, 0x2b, 0x20];

function hexByte(high: number | undefined, low: number | undefined): number | undefined {
  const [upper, lower] = [hexDigit(high), hexDigit(low)];
  return upper === undefined || lower === undefined ? undefined : upper * 16 + lower;
}

function hexDigit(code = 0): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
