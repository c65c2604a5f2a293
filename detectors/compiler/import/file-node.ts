/** A node as a model file has it. Every graph format adds its attributes. */
export interface FileNode {
  readonly name?: string;
  readonly opType?: string;
  /** Of the operator; absent or empty: the format's own operators. */
  readonly domain?: string;
  /** Names of values; empty for an omitted one. */
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** A node's name in messages: `Conv "model.0/conv"`. */
export function showNode({ opType, name, output }: FileNode): string {
  return `${opType ?? "?"} "${name || output[0] || ""}"`;
}

/** A node's name in lists; that of its output where it has none. */
export function placeOf({ name, output }: FileNode): string {
  return name || output[0] || "?";
}
