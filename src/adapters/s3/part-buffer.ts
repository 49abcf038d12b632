/** Bytes that gather in borrowed buffers, to become a part or an object. */
export class PartBuffer {
  /** What was borrowed, to be given back. */
  readonly buffers: readonly Buffer[];
  readonly capacity: number;
  #size = 0;

  constructor(buffers: readonly Buffer[]) {
    this.buffers = buffers;
    this.capacity = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  }

  get size(): number {
    return this.#size;
  }

  get room(): number {
    return this.capacity - this.#size;
  }

  /** Copies as much of `chunk` as there is room for; returns how much that was. */
  append(chunk: Buffer): number {
    let taken = 0;
    let start = 0;
    for (const buffer of this.buffers) {
      const at = this.#size - start;
      if (at < buffer.length) {
        const copied = chunk.copy(buffer, at, taken);
        taken += copied;
        this.#size += copied;
        if (taken === chunk.length) break;
      }
      start += buffer.length;
    }
    return taken;
  }

  /** Views of the gathered bytes, in order. */
  pieces(): Buffer[] {
    const pieces: Buffer[] = [];
    let rest = this.#size;
    for (const buffer of this.buffers) {
      if (rest === 0) break;
      const piece = buffer.subarray(0, Math.min(rest, buffer.length));
      pieces.push(piece);
      rest -= piece.length;
    }
    return pieces;
  }
}
