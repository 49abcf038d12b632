import { type ServiceModel, shapeOf } from "../../aws-models/model.ts";
import { inTurns } from "../../kernel/in-turns.ts";
import { Turns } from "../../kernel/turns.ts";
import { toJson } from "./json-presenter.ts";

const turns = new Turns();

type Members = Readonly<Record<string, unknown>>;

/** A structure as JSON 1.1 writes it. Lists are what is long: others have their turn between two elements. */
export function jsonBytes(model: ServiceModel, shapeName: string, value: Members): Promise<Buffer> {
  return inTurns(write(model, shapeName, value), turns);
}

function* write(model: ServiceModel, shapeName: string, value: Members): Generator<void, Buffer> {
  const bytes = new Bytes();
  let before = "{";
  for (const [name, memberShape] of Object.entries(shapeOf(model, shapeName).members ?? {})) {
    const member = value[name];
    if (member === undefined || member === null) continue;
    bytes.add(`${before}${JSON.stringify(name)}:`);
    before = ",";
    const { type, member: elementShape = "" } = shapeOf(model, memberShape);
    if (type === "list") yield* writeList(bytes, model, elementShape, member as readonly unknown[]);
    else bytes.add(JSON.stringify(toJson(model, memberShape, member)));
  }
  bytes.add(before === "{" ? "{}" : "}");
  return bytes.all();
}

function* writeList(
  bytes: Bytes,
  model: ServiceModel,
  elementShape: string,
  list: readonly unknown[],
): Generator<void, void> {
  let before = "[";
  for (const element of list) {
    bytes.add(before + JSON.stringify(toJson(model, elementShape, element)));
    before = ",";
    yield;
  }
  bytes.add(before === "[" ? "[]" : "]");
}

/** Characters that become bytes together. */
const PIECE = 64 * 1024;

/** A text as it is written, in bytes: to turn all of a long one into bytes at the end would take long. */
class Bytes {
  readonly #pieces: Buffer[] = [];
  #rest = "";

  add(text: string): void {
    this.#rest += text;
    if (this.#rest.length >= PIECE) this.#cut();
  }

  all(): Buffer {
    this.#cut();
    const [only, ...more] = this.#pieces;
    return only !== undefined && more.length === 0 ? only : Buffer.concat(this.#pieces);
  }

  #cut(): void {
    this.#pieces.push(Buffer.from(this.#rest));
    this.#rest = "";
  }
}
