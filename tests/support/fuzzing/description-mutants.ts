import { at } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";

type Random = () => number;

/** Characters that a description must not contain: control characters, escapes, separators, lone surrogates, tags. */
const HIDDEN: readonly string[] = [
  ...["\u0000", "\u001b]0;x\u0007", "\u001b[2J", "\n", "\r", "\t", "\u007f", "\u0085", "\u009b31m"],
  ...["\u061c", "\u200b", "\u200e", "\u202e", "\u2066", "\u2028", "\u2029", "\ufeff", "\ud83d", "\u{e0041}"],
];
/** Lengths around the limits of a label, a name and a feature, and far above. */
const LENGTHS = [0, 1, 49, 50, 51, 99, 100, 101, 199, 200, 201, 400, 401, 999_990];
const COUNTS = [0, 49, 50, 51, 9_999, 10_000, 10_001, 50_000];
const DEPTHS = [1, 100, 10_000, 200_000];
const SECTION_BYTES = [999_999, 1_000_000, 1_000_001, 3_000_000];
/** Placeholder for nesting that is too deep for JSON.stringify. */
const MARK = "placeholder of the nest";

/** A description in JSON with a change of its structure, its strings, its size or its depth. */
export function mutatedDescription(description: object, random: Random): string {
  const tree = structuredClone(description) as Record<string, unknown>;
  switch (at(random, 6)) {
    case 0:
      changeText(tree, random, (text) => {
        const place = at(random, text.length + 1);
        return text.slice(0, place) + pick(HIDDEN, random) + text.slice(place);
      });
      return JSON.stringify(tree);
    case 1:
      changeText(tree, random, () => pick(["x", "é", "🚪", "\n"], random).repeat(pick(LENGTHS, random)));
      return JSON.stringify(tree);
    case 2:
      tree[pick(["labels", "features"], random)] = Array(pick(COUNTS, random)).fill(
        pick(["x", "", 0], random),
      );
      return JSON.stringify(tree);
    case 3: {
      // Nested lists or objects, in place of a value or under an unknown key.
      tree[pick([...Object.keys(tree), "unknown", "release", "__proto__2"], random)] = MARK;
      const depth = pick(DEPTHS, random);
      const [open, close] = pick([["[", "]"] as const, ['{"a":', "}"] as const], random);
      return JSON.stringify(tree).replace(`"${MARK}"`, () => `${open.repeat(depth)}1${close.repeat(depth)}`);
    }
    case 4: {
      const text = JSON.stringify(tree);
      return text.padEnd(pick(SECTION_BYTES, random), pick([" ", "[", "\u0000"], random));
    }
    default:
      return JSON.stringify(mutatedTree(tree, random)) ?? "";
  }
}

/** Changes one of the strings in the tree. */
function changeText(tree: unknown, random: Random, change: (text: string) => string): void {
  const places: { readonly branch: Record<string, unknown>; readonly key: string; readonly text: string }[] =
    [];
  const walk = (branch: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(branch)) {
      if (typeof value === "string") places.push({ branch, key, text: value });
      else if (typeof value === "object" && value !== null) walk(value as Record<string, unknown>);
    }
  };
  walk(tree as Record<string, unknown>);
  const place = places[at(random, places.length)];
  if (place !== undefined) place.branch[place.key] = change(place.text);
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[at(random, items.length)] as Item;
}
