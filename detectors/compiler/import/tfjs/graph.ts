import { damagedTfjs } from "../errors.ts";
import type { TfjsModel, TfjsNode } from "./schema.ts";

/** The nodes that the outputs need, as a graph: of inputs only data is left, `name:0` is called `name`. */
export interface TfjsGraph {
  /** In an order of execution. */
  readonly nodes: readonly TfjsNode[];
  readonly outputs: readonly string[];
}

/** How error messages name a node. */
export function showNode({ op, name }: TfjsNode): string {
  return `${op} "${name}"`;
}

/** The node that makes a value: `name:1` is the second output of node `name`. */
export function makerName(value: string): string {
  return /^(.*):\d+$/s.exec(value)?.[1] ?? value;
}

/**
 * Puts the nodes that the outputs need in an order of execution; TensorFlow files have them in any.
 * @throws ModelError when a node is missing or there twice, or nodes wait for each other in a circle.
 */
export function orderNodes({ modelTopology, signature }: TfjsModel): TfjsGraph {
  const nodes = new Map<string, TfjsNode>();
  for (const node of modelTopology.node) {
    if (nodes.has(node.name)) throw damagedTfjs(`there are two nodes named ${JSON.stringify(node.name)}`);
    // "^name" only asks for an order, which data flow settles here.
    const input = node.input.filter((name) => !name.startsWith("^")).map((name) => name.replace(/:0$/, ""));
    nodes.set(node.name, { ...node, input });
  }
  const outputs = outputNames(nodes, signature?.outputs ?? []);

  const ordered: TfjsNode[] = [];
  const state = new Map<string, "open" | "done">();
  // A stack of our own: a hostile chain of nodes may be longer than the engine's.
  const stack = outputs.map((value) => ({ name: makerName(value), next: 0, user: "the signature" }));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const node = nodes.get(top.name);
    if (!node) throw damagedTfjs(`${top.user} uses ${JSON.stringify(top.name)}, which nothing makes`);
    if (top.next === 0) {
      if (state.get(top.name) === "done") {
        stack.pop();
        continue;
      }
      state.set(top.name, "open");
    }
    const input = node.input[top.next++];
    if (input === undefined) {
      state.set(top.name, "done");
      ordered.push(node);
      stack.pop();
      continue;
    }
    const maker = makerName(input);
    if (state.get(maker) === "open")
      throw damagedTfjs(`${showNode(node)} waits for its own output (a cycle)`);
    if (state.get(maker) === undefined) stack.push({ name: maker, next: 0, user: showNode(node) });
  }
  return { nodes: ordered, outputs };
}

/** Without a signature whatever nobody uses is an output. */
function outputNames(nodes: ReadonlyMap<string, TfjsNode>, signature: readonly string[]): string[] {
  const named = signature.map((name) => name.replace(/:0$/, "")).filter((name) => nodes.has(makerName(name)));
  if (named.length > 0) return named;
  const used = new Set([...nodes.values()].flatMap(({ input }) => input.map(makerName)));
  return [...nodes.keys()].filter((name) => !used.has(name));
}
