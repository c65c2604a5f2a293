import { isMapping } from "../base/mapping.ts";
import type { Problem } from "./problems.ts";

/** YAML 1.1: the value of this key is a mapping, or a list of mappings, whose entries are added to the mapping around it. */
export const MERGE_KEY = "<<";

/** Maximum number of keys that all merge keys of a file may add: a small file can merge a large mapping many times. */
const MOST_MERGED = 10_000;

/**
 * Copies a parsed YAML value and applies its merge keys. In a list, earlier mappings win over later ones.
 * @param value all aliases of an anchor are the same object, so that each is merged once
 */
export function withMergedKeys(value: unknown, report: (problem: Problem) => void): unknown {
  const finished = new Map<object, unknown>();
  let mergedKeys = 0;

  function copied(original: unknown, path: readonly PropertyKey[]): unknown {
    if (typeof original !== "object" || original === null) return original;
    const known = finished.get(original);
    if (known !== undefined) return known;
    const copy = Array.isArray(original)
      ? original.map((item, index) => copied(item, [...path, index]))
      : copiedMapping(original, path);
    finished.set(original, copy);
    return copy;
  }

  function copiedMapping(mapping: object, path: readonly PropertyKey[]): unknown {
    const entries = Object.entries(mapping).map(
      ([key, item]) => [key, copied(item, [...path, key])] as const,
    );
    const own = entries.filter(([key]) => key !== MERGE_KEY);
    if (own.length === entries.length) return Object.fromEntries(own);
    const [, source] = entries.find(([key]) => key === MERGE_KEY) ?? [];
    const sources: readonly unknown[] = Array.isArray(source) ? source : [source];
    const mappings = sources.filter(isMapping);
    const refuse = (message: string) => report({ path: [...path, MERGE_KEY], message, isKey: true });
    if (mappings.length < sources.length) refuse("expected an alias of a mapping (*NAME), or a list of them");
    const merged = mappings.toReversed().flatMap((from) => Object.entries(from));
    mergedKeys += merged.length;
    if (mergedKeys > MOST_MERGED) {
      refuse(`merge keys add more than ${MOST_MERGED} keys`);
      return Object.fromEntries(own);
    }
    return Object.fromEntries([...merged, ...own]);
  }

  return copied(value, []);
}
