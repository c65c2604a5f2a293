import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import { MERGE_KEY } from "./merge-keys.ts";
import type { Problem } from "./problems.ts";

/** Line and column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds problems in a YAML file: the place of the key or value, or of the nearest enclosing section that exists. Aliases and merge
 * keys lead to the place where the value was written.
 */
export function locator(document: Document, lines: LineCounter): (problem: Problem) => Place {
  /** To resolve an alias, the library walks through the whole document. */
  const targets = new Map<Alias, Node | undefined>();
  const pairs = new Map<Node, ReadonlyMap<string, Pair>>();

  function resolved(node: Node | undefined): Node | undefined {
    if (!isAlias(node)) return node;
    if (!targets.has(node)) targets.set(node, node.resolve(document));
    return targets.get(node);
  }

  function pairOf(node: Node | undefined, key: PropertyKey): Pair | undefined {
    if (!isMap(node)) return undefined;
    const known = pairs.get(node) ?? pairsByKey(node);
    pairs.set(node, known);
    return known.get(String(key));
  }

  /** @param searched mappings that do not have the key: merge keys may lead to one of them in many ways */
  function childOf(parent: Node | undefined, key: PropertyKey, searched: Set<Node>): Node | undefined {
    const node = resolved(parent);
    if (node === undefined || searched.has(node)) return undefined;
    searched.add(node);
    if (isSeq(node)) return asNode(node.items[Number(key)]);
    const own = pairOf(node, key)?.value;
    if (isNode(own)) return own;
    const merged = asNode(pairOf(node, MERGE_KEY)?.value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = childOf(asNode(source), key, searched);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function nodeAt(path: readonly PropertyKey[]): Node | undefined {
    const root: Node | undefined = document.contents ?? undefined;
    return resolved(path.reduce<Node | undefined>((node, key) => childOf(node, key, new Set()), root));
  }

  function placeOf(node: Node): Place | undefined {
    if (!node.range) return undefined;
    const { line, col } = lines.linePos(node.range[0]);
    return { line, column: col };
  }

  return ({ path, isKey }) => {
    const [last] = path.slice(-1);
    const key =
      isKey === true && last !== undefined ? pairOf(nodeAt(path.slice(0, -1)), last)?.key : undefined;
    const place = isNode(key) ? placeOf(key) : undefined;
    if (place !== undefined) return place;
    for (let depth = path.length; depth > 0; depth--) {
      const node = nodeAt(path.slice(0, depth));
      const nearest = node === undefined ? undefined : placeOf(node);
      if (nearest !== undefined) return nearest;
    }
    return { line: 1, column: 1 };
  };
}

function pairsByKey({ items }: YAMLMap): ReadonlyMap<string, Pair> {
  return new Map(items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : "", pair]));
}

function asNode(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}
