import { at } from "./mutate-bytes.ts";

type Random = () => number;
type Branch = unknown[] | Record<string, unknown>;

/** Values that have broken parsers of JSON, YAML and protobuf. */
const STRANGE: readonly unknown[] = [
  ...[null, true, false, "", 0, -1, 1, 0.5, -0.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31)],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "\u0000", "\ud800", "NaN", "x".repeat(300)],
];
const STRANGE_KEYS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", ""];

/**
 * A mutated copy of a tree of objects and lists (JSON): a value is replaced, removed, duplicated or copied elsewhere, or a
 * value is added. Such mutants pass syntax checks that reject mutants of bytes.
 */
export function mutatedTree(tree: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(tree);
  const times = 1 + Math.floor(random() ** 3 * 6);
  for (let turn = 0; turn < times; turn++) mutateOnce(copy, random);
  return copy;
}

function mutateOnce(tree: unknown, random: Random): void {
  const branches = branchesOf(tree);
  const branch = branches[at(random, branches.length)];
  if (branch === undefined) return;
  const keys = Object.keys(branch);
  const key = keys[at(random, keys.length)];
  switch (at(random, 6)) {
    case 0:
      if (key !== undefined) put(branch, key, STRANGE[at(random, STRANGE.length)]);
      return;
    case 1:
      if (key === undefined) return;
      if (Array.isArray(branch)) branch.splice(Number(key), 1);
      else Reflect.deleteProperty(branch, key);
      return;
    case 2:
      if (key !== undefined && Array.isArray(branch)) branch.push(structuredClone(branch[Number(key)]));
      else if (key !== undefined) put(branch, `${key}2`, structuredClone(branch[key as never]));
      return;
    case 3: {
      // Copies a value of the tree to another place: labels for numbers, the weights of another layer.
      const donor = branches[at(random, branches.length)];
      const donorKeys = donor === undefined ? [] : Object.keys(donor);
      const donorKey = donorKeys[at(random, donorKeys.length)];
      if (donor === undefined || donorKey === undefined || key === undefined) return;
      put(branch, key, structuredClone(donor[donorKey as never]));
      return;
    }
    case 4:
      if (Array.isArray(branch)) branch.push(STRANGE[at(random, STRANGE.length)]);
      else
        put(branch, STRANGE_KEYS[at(random, STRANGE_KEYS.length)] ?? "", STRANGE[at(random, STRANGE.length)]);
      return;
    default: {
      const value = key === undefined ? undefined : branch[key as never];
      if (key === undefined || typeof value !== "number") return;
      put(branch, key, [value + 1, value - 1, -value, value * 2, value * 65_536, 0][at(random, 6)]);
    }
  }
}

/** Sets a key, including `__proto__` as an ordinary key, as JSON.parse does. */
function put(branch: Branch, key: string, value: unknown): void {
  Object.defineProperty(branch, key, { value, enumerable: true, configurable: true, writable: true });
}

/** All objects and lists in a tree, without typed arrays: their numbers are mutated as bytes. */
function branchesOf(tree: unknown): Branch[] {
  if (tree === null || typeof tree !== "object" || ArrayBuffer.isView(tree)) return [];
  const branch = tree as Branch;
  return [branch, ...Object.values(branch).flatMap(branchesOf)];
}
