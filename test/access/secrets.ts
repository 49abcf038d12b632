/** Shorter than any secret, longer than chance. */
const WINDOW = 16;

/** Everything that must not be written anywhere, under the names that a failure shows. */
export class Secrets {
  readonly #names = new Map<string, string>();

  /** Remembers a secret and gives it back. */
  keep(name: string, value: string): string {
    // Of a token the signature: without it a token proves nothing, and what it says is said elsewhere as well.
    const own = value.replace(/^eyJ[\w-]*\.[\w-]*\./, "");
    if (own.length < WINDOW) throw new Error(`${name} is too short to be looked for`);
    this.#names.set(own, name);
    return value;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Those of which any {@link WINDOW} characters stand in the text, as they are or encoded, with the first such line. */
  foundIn(text: string): readonly string[] {
    const windows = new Set(windowsOf(text));
    return [...this.#names].flatMap(([value, name]) => {
      const found = formsOf(value)
        .flatMap(windowsOf)
        .find((window) => windows.has(window));
      return found === undefined ? [] : [`${name}: ${lineWith(found, text)}`];
    });
  }
}

function lineWith(part: string, text: string): string {
  return text.split("\n").find((line) => line.includes(part)) ?? "";
}

function windowsOf(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - WINDOW + 1) }, (_, at) =>
    text.slice(at, at + WINDOW),
  );
}

function formsOf(value: string): readonly string[] {
  const base64 = [0, 1, 2].map((offset) => base64At(value, offset));
  const base64url = base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"));
  const hex = Buffer.from(value).toString("hex");
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), hex, ...base64, ...base64url];
}

/** Base64 depends on how many bytes stand before; characters that share bits with neighbours are left out. */
function base64At(value: string, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)]).toString("base64");
  const own = encoded.replace(/=+$/, "");
  return own.slice(offset === 0 ? 0 : offset + 1, own.length - 1);
}
