/** Items that are sorted, or merged, in one piece of work. */
const PIECE = 2_000;

/** Sorts without changing `items`; yields where others may have their turn. Equal items keep their order. */
export function* sortInSteps<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += PIECE) {
    runs.push(items.slice(at, at + PIECE).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<Item>(
  left: Item[],
  right: Item[],
  compare: (a: Item, b: Item) => number,
): Generator<void, Item[]> {
  if (right.length === 0) return left;
  const merged: Item[] = [];
  let [at, other] = [0, 0];
  while (at < left.length || other < right.length) {
    const isLeft =
      other === right.length || (at < left.length && compare(left[at] as Item, right[other] as Item) <= 0);
    merged.push((isLeft ? left[at++] : right[other++]) as Item);
    if (merged.length % PIECE === 0) yield;
  }
  return merged;
}
