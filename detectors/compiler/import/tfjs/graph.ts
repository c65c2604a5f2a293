import { damagedTfjs } from "../errors.ts";
import { showNode } from "../file-node.ts";
import type { TfjsModel, TfjsNode } from "./schema.ts";

/** The nodes that the outputs need. Inputs are data only (no control inputs), and `name:0` is shortened to `name`. */
export interface TfjsGraph {
  /** In execution order. */
  readonly nodes: readonly TfjsNode[];
  /** Its inputs, used or not, in the order of the signature or else of the file. */
  readonly inputs: readonly TfjsNode[];
  readonly outputs: readonly string[];
}

/** Name of the node that produces a value: `name:1` is the second output of node `name`. */
export function producerName(value: string): string {
  return /^(.*):\d+$/s.exec(value)?.[1] ?? value;
}

/**
 * Sorts the nodes that the outputs need into execution order; TensorFlow files list them in any order.
 * @throws ModelError when a node is missing, a name is used twice, or the nodes form a cycle.
 */
export function orderNodes({ modelTopology, signature }: TfjsModel): TfjsGraph {
  const nodes = new Map<string, TfjsNode>();
  for (const node of modelTopology.node) {
    if (nodes.has(node.name)) throw damagedTfjs(`there are two nodes named ${JSON.stringify(node.name)}`);
    // "^name" is a control input: it only asks for an order, which follows from the data flow here.
    const input = node.input.filter((name) => !name.startsWith("^")).map((name) => name.replace(/:0$/, ""));
    nodes.set(node.name, { ...node, input });
  }
  const outputs = outputNames(nodes, signature?.outputs ?? []);

  const ordered: TfjsNode[] = [];
  const state = new Map<string, "open" | "done">();
  // An explicit stack: a hostile chain of nodes may be too long for recursion.
  const stack = outputs.map((value) => ({ name: producerName(value), next: 0, user: "the signature" }));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const node = nodes.get(top.name);
    if (!node) throw damagedTfjs(`${top.user} uses ${JSON.stringify(top.name)}, which no node produces`);
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
    const producer = producerName(input);
    if (state.get(producer) === "open")
      throw damagedTfjs(`${showNode(node)} depends on its own output (a cycle)`);
    if (state.get(producer) === undefined) stack.push({ name: producer, next: 0, user: showNode(node) });
  }
  const inputs = inputNodes(nodes, signature?.inputs ?? []);
  return { nodes: withOutputs(ordered, outputs), inputs, outputs };
}

/** The nodes with the names of all outputs that something reads. */
function withOutputs(nodes: readonly TfjsNode[], outputs: readonly string[]): TfjsNode[] {
  const last = new Map<string, number>();
  for (const value of [...nodes.flatMap(({ input }) => input), ...outputs]) {
    const index = Number(/:(\d{1,4})$/.exec(value)?.[1] ?? 0);
    const producer = producerName(value);
    last.set(producer, Math.max(last.get(producer) ?? 0, index));
  }
  return nodes.map((node) => ({
    ...node,
    output: Array.from({ length: 1 + (last.get(node.name) ?? 0) }, (_, index) =>
      index === 0 ? node.name : `${node.name}:${index}`,
    ),
  }));
}

function inputNodes(nodes: ReadonlyMap<string, TfjsNode>, signature: readonly string[]): TfjsNode[] {
  const placeOf = new Map(signature.map((name, place) => [name.replace(/:0$/, ""), place] as const));
  return [...nodes.values()]
    .filter(({ opType }) => opType === "Placeholder")
    .toSorted((a, b) => (placeOf.get(a.name) ?? Infinity) - (placeOf.get(b.name) ?? Infinity) || 0);
}

/** The signature's outputs; without a signature, every node that no other node uses. */
function outputNames(nodes: ReadonlyMap<string, TfjsNode>, signature: readonly string[]): string[] {
  const named = signature
    .map((name) => name.replace(/:0$/, ""))
    .filter((name) => nodes.has(producerName(name)));
  if (named.length > 0) return named;
  const used = new Set([...nodes.values()].flatMap(({ input }) => input.map(producerName)));
  return [...nodes.keys()].filter((name) => !used.has(name));
}
