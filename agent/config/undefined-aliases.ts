import { type Document, visit } from "yaml";

/** An alias whose anchor does not stand before it. */
export interface UndefinedAlias {
  readonly code: "BAD_ALIAS";
  /** Offsets of its start and end in the text. */
  readonly pos: readonly [number, number];
  readonly message: string;
}

/** Finds the aliases without an anchor. The library reports the first of them, without its place. */
export function undefinedAliases(document: Document): readonly UndefinedAlias[] {
  const anchors = new Set<string>();
  const found: UndefinedAlias[] = [];
  visit(document, {
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Alias(_, { source, range }) {
      if (anchors.has(source)) return;
      const [start = 0, end = start] = range ?? [];
      const message =
        "no anchor of this name stands before this alias; put quotes around a text that starts with *";
      found.push({ code: "BAD_ALIAS", pos: [start, end], message });
    },
  });
  return found;
}
