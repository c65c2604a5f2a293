/** An item of a sequence and its index. */
interface Candidate<T> {
  readonly item: T;
  readonly index: number;
}

/**
 * Chooses up to `count` items, spread evenly over a sequence of unknown length, in its order. It holds at most 2 · count items:
 * beyond that it drops every second one and doubles its stride.
 * @param hold converts an item to the value that is kept; called only for candidates
 */
export async function spreadChoice<T, K>(
  items: AsyncIterable<T>,
  count: number,
  hold: (item: T) => Promise<K>,
): Promise<K[]> {
  let stride = 1;
  let candidates: Candidate<K>[] = [];
  let index = 0;
  for await (const item of items) {
    if (index % stride === 0) candidates.push({ item: await hold(item), index });
    if (candidates.length > 2 * count) {
      stride *= 2;
      candidates = candidates.filter((candidate) => candidate.index % stride === 0);
    }
    index++;
  }
  return onePerStretch(candidates, count).map(({ item }) => item);
}

/** All items of a short list. For a longer list, the middle item of each of `count` stretches of equal length. */
export function onePerStretch<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, stretch) =>
    list.at(Math.floor(((stretch + 0.5) * list.length) / count)),
  ).filter((item) => item !== undefined);
}
