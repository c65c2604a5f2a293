import { type Document, isScalar, visit } from "yaml";

/** A key that its mapping already has. */
export interface RepeatedKey {
  readonly code: "DUPLICATE_KEY";
  /** Offsets of its start and end in the text. */
  readonly pos: readonly [number, number];
  readonly message: string;
}

/**
 * Finds the keys that a mapping has more than once. The library compares each key with all others, which takes minutes for a
 * mapping of 100,000 keys.
 */
export function repeatedKeys(document: Document): readonly RepeatedKey[] {
  const repeated: RepeatedKey[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) {
          const [start = 0, end = start] = key.range ?? [];
          repeated.push({ code: "DUPLICATE_KEY", pos: [start, end], message: "Map keys must be unique" });
        }
        seen.add(key.value);
      }
    },
  });
  return repeated;
}
