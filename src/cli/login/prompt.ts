import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";
import { Writable } from "node:stream";
import type { Io } from "../io.ts";
import { HelperError } from "./helper.ts";

const SECRET_MAX = 64 * 1024;

/** Questions on a terminal, asked on stderr so that stdout holds results alone. */
export class Prompt implements Disposable {
  readonly #io: Io;
  readonly #lines: ReturnType<typeof createInterface>;
  readonly #ended: Promise<never>;
  #isHidden = false;

  constructor(io: Io) {
    this.#io = io;
    const output = new Writable({
      write: (chunk, _encoding, done) => {
        if (!this.#isHidden) io.stderr.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input: io.stdin, output, terminal: true, historySize: 0 });
    const { promise, reject } = Promise.withResolvers<never>();
    this.#ended = promise;
    // Nobody may be asking when it ends.
    promise.catch(() => {});
    for (const end of ["SIGINT", "close"]) {
      this.#lines.once(end, () => reject(new HelperError("interrupted")));
    }
  }

  ask(question: string): Promise<string> {
    return Promise.race([this.#lines.question(question), this.#ended]);
  }

  /** What is typed does not appear. */
  async askHidden(question: string): Promise<string> {
    this.#io.stderr.write(question);
    this.#isHidden = true;
    try {
      return await this.ask("");
    } finally {
      this.#isHidden = false;
      this.#io.stderr.write("\n");
    }
  }

  [Symbol.dispose](): void {
    this.#lines.close();
  }
}

/** The first line of a pipe. */
export async function readSecretLine(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunks.at(-1)?.length ?? 0;
    if (size > SECRET_MAX) throw new HelperError("the secret on stdin is too long");
  }
  return (Buffer.concat(chunks).toString().split("\n")[0] ?? "").trim();
}
