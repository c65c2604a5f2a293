/** One of many in a sequence, and its place there. */
interface Candidate<T> {
  readonly item: T;
  readonly index: number;
}

/**
 * Up to `count` items spread evenly over a sequence of unknown length, in its order. At most 2 · count are held at a time: when
 * there are more, every second one goes, and from then on only every second one is taken.
 * @param hold makes of an item what is kept of it; called only for candidates
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

/** All of a short list; of a longer one the middle of each of `count` stretches of about the same length. */
export function onePerStretch<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, stretch) =>
    list.at(Math.floor(((stretch + 0.5) * list.length) / count)),
  ).filter((item) => item !== undefined);
}
