/** The lifetimes of buffers: from the first node that uses a buffer to the last. */
import { type Graph, resultsOf } from "../graph/graph.ts";

/** The part of a buffer that one value occupies. */
export interface Slice {
  readonly buffer: string;
  /** Byte offset of the value's first channel within a pixel. */
  readonly channelBytes: number;
}

/** Node indices, both included; −1 is before the first node (the inputs). */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

/**
 * Lifetimes of all buffers by name. The graph's results live to the end, and its states share their memory with nothing.
 * @param slices the slice of every computed value
 */
export function lifetimes(graph: Graph, slices: ReadonlyMap<string, Slice>): Map<string, Lifetime> {
  const lives = new Map<string, Lifetime>();
  const touch = (value: string, at: number): void => {
    const buffer = slices.get(value)?.buffer;
    if (buffer === undefined) return;
    const { first, last } = lives.get(buffer) ?? { first: at, last: at };
    lives.set(buffer, { first: Math.min(first, at), last: Math.max(last, at) });
  };
  for (const input of graph.inputs) touch(input, -1);
  for (const [index, node] of graph.nodes.entries()) {
    for (const input of node.inputs) touch(input, index);
    touch(node.output, index);
  }
  for (const result of resultsOf(graph)) touch(result, graph.nodes.length);
  for (const { value } of graph.states) for (const at of [-1, graph.nodes.length]) touch(value, at);
  return lives;
}
