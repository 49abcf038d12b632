import type { Writable } from "node:stream";

export type Chunks = AsyncIterable<Buffer>;

/** Looks at the first `length` bytes (fewer when there are no more); `chunks` still gives all of them, once. */
export async function peek(source: Chunks, length: number): Promise<{ head: Buffer; chunks: Chunks }> {
  const iterator = source[Symbol.asyncIterator]();
  const seen: Buffer[] = [];
  for (let bytes = 0; bytes < length; ) {
    const next = await iterator.next();
    if (next.done === true) break;
    seen.push(next.value);
    bytes += next.value.length;
  }
  return { head: Buffer.concat(seen).subarray(0, length), chunks: replay(seen, iterator) };
}

async function* replay(seen: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* seen;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Writes and waits while the other side is slow. Rejects when it closes instead. */
export async function writeTo(stream: Writable, chunk: Buffer): Promise<void> {
  if (stream.write(chunk)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (done: () => void) => () => {
      stream.off("drain", onDrain).off("close", onClose).off("error", onError);
      done();
    };
    const onDrain = settle(resolve);
    const onClose = settle(() => reject(new Error("the stream was closed")));
    const onError = (error: Error) => settle(() => reject(error))();
    stream.on("drain", onDrain).on("close", onClose).on("error", onError);
  });
}

export async function drain(chunks: Chunks): Promise<void> {
  for await (const _ of chunks);
}

export async function collect(chunks: Chunks): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
