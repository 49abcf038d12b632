/**
 * Positions of `ids` in such an order that every parent comes before its children; as they are wherever that does not
 * matter. `pairs` are `[parent, child]`, without cycles; an id may stand at several positions, or be unknown.
 */
export function parentsFirst(
  ids: readonly (number | undefined)[],
  pairs: readonly (readonly [parent: number, child: number])[],
): readonly number[] {
  const parents = Map.groupBy(pairs, ([, child]) => child);
  const placed = new Set<number>();
  const place = (id: number): void => {
    if (placed.has(id)) return;
    for (const [parent] of parents.get(id) ?? []) place(parent);
    placed.add(id);
  };
  for (const id of ids) if (id !== undefined) place(id);
  const rank = new Map([...placed].map((id, at) => [id, at]));
  const rankOf = (position: number): number => {
    const id = ids[position];
    return id === undefined ? 0 : (rank.get(id) ?? 0);
  };
  return ids.map((_, position) => position).sort((a, b) => rankOf(a) - rankOf(b));
}
