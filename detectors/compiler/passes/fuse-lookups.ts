import type { Graph, Node } from "../graph/graph.ts";
import { evaluateOperator } from "../ops/evaluate.ts";
import type { Quantized, QuantizedType } from "../ops/fixed-point/quantized.ts";
import { type Replacement, type RewriteContext, rewrite } from "./rewrite.ts";

/** A byte as a function of another. */
interface ByteFunction {
  /** The value whose bytes it depends on. */
  readonly of: string;
  readonly input: Quantized;
  /** The result for each byte. */
  readonly table: Uint8Array;
  /** The node that computes it, when only one other reads its result. */
  readonly absorbed: readonly Node[];
}

const BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const NO_THRESHOLDS = { score: 1, iou: 1 };

/**
 * Functions of the same byte become one table: a lookup of a lookup, and a product or sum of functions of one value, for
 * instance x · sigmoid(x).
 */
export function fuseLookups(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    switch (node.op) {
      case "lookup":
        return fusedChain(node, context);
      case "fixed_product":
      case "fixed_sum":
        return fusedBinary(node, context);
      default:
        return undefined;
    }
  });
}

function fusedChain(node: Extract<Node, { op: "lookup" }>, context: RewriteContext): Replacement | undefined {
  const inner = functionOf(node.inputs[0] ?? "", node.attributes.input, context);
  if (inner.of === node.inputs[0]) return undefined;
  const table = inner.table.map((byte) => node.attributes.table[byte] ?? 0);
  return replacement(node, inner, table, inner.absorbed);
}

function fusedBinary(
  node: Extract<Node, { op: "fixed_product" | "fixed_sum" }>,
  context: RewriteContext,
): Replacement | undefined {
  const { a, b, output } = node.attributes;
  const [first = "", second = ""] = node.inputs;
  const [left, right] = [functionOf(first, a, context), functionOf(second, b, context)];
  if (left.of !== right.of) return undefined;
  const operands = [left, right].map(({ table }) => ({ shape: [256], data: asType(table, output.dtype) }));
  const { data } =
    node.op === "fixed_sum"
      ? evaluateOperator(node.op, operands, node.attributes, NO_THRESHOLDS)
      : evaluateOperator(node.op, operands, node.attributes, NO_THRESHOLDS);
  return replacement(
    node,
    left,
    Uint8Array.from(data, (value) => value & 255),
    [...new Set([...left.absorbed, ...right.absorbed])],
  );
}

/** A value as a function of the bytes of another: of those of a lookup's input, or of its own. */
function functionOf(value: string, own: Quantized, { producer, uses }: RewriteContext): ByteFunction {
  const node = producer(value);
  if (node?.op !== "lookup") return { of: value, input: own, table: BYTES, absorbed: [] };
  const { input, table } = node.attributes;
  return { of: node.inputs[0] ?? "", input, table, absorbed: uses(value) === 1 ? [node] : [] };
}

function replacement(
  node: Extract<Node, { op: "lookup" | "fixed_product" | "fixed_sum" }>,
  { of, input }: ByteFunction,
  table: Uint8Array,
  absorbed: readonly Node[],
): Replacement {
  const { dtype, scale, zero } = node.attributes.output;
  const attributes = { input, output: { dtype, scale, zero }, table };
  return { node: { op: "lookup", inputs: [of], output: node.output, attributes }, absorbed };
}

function asType(bytes: Uint8Array, dtype: QuantizedType): Int8Array | Uint8Array {
  return dtype === "i8" ? new Int8Array(Uint8Array.from(bytes).buffer) : bytes;
}
