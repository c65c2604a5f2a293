import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { type FloatConstant, floats } from "../graph/value.ts";
import { sameShape } from "../ops/shapes.ts";
import { countUses, type RewriteContext, rewrite } from "./rewrite.ts";

/**
 * Writes arithmetic of floats in the forms that other passes look for: a constant is the second operand of a sum or product, a
 * difference with one is a sum, a quotient by one is a product, products come before sums, and clipping at 0 and 6 is an
 * activation.
 */
export function simplify(graph: Graph): Graph {
  return productsFirst(
    rewrite(graph, (node, context) => {
      const simple = simplified(node, context);
      return simple && { node: simple, absorbed: [] };
    }),
  );
}

/** (x + a) · b → x · b + a · b, where nothing else reads the sum, as in a batch norm that is not part of its convolution. */
function productsFirst(graph: Graph): Graph {
  const uses = countUses(graph);
  const products = new Map<string, Node>();
  for (const node of graph.nodes) if (node.op === "mul") products.set(node.inputs[0] ?? "", node);
  /** The addends of sums that became products. */
  const addends = new Map<string, FloatConstant>();
  return rewrite(graph, ({ op, inputs: [x = "", name = ""], output }, context) => {
    const constant = context.constant(name);
    if (constant === undefined) return undefined;
    if (op === "add") {
      const product = products.get(output);
      const factor = context.constant(product?.inputs[1] ?? "");
      const isSwapped = product !== undefined && factor !== undefined && uses.get(output) === 1;
      if (!isSwapped || !sameShape(factor.shape, constant.shape)) return undefined;
      addends.set(output, constant);
      return { node: makeNode("mul", [x, product.inputs[1] ?? ""], output, {}), absorbed: [] };
    }
    const addend = op === "mul" ? addends.get(x) : undefined;
    if (addend === undefined) return undefined;
    const data = addend.data.map((number, index) => number * (constant.data[index] ?? 0));
    const scaled = context.addConstant(`${output}.addend`, floats(addend.shape, data));
    return { node: makeNode("add", [x, scaled], output, {}), absorbed: [] };
  });
}

function simplified(node: Node, context: RewriteContext): Node | undefined {
  const { op, inputs, output } = node;
  const [a = "", b = ""] = inputs;
  switch (op) {
    case "add":
    case "mul":
      if (context.constant(a) === undefined || context.constant(b) !== undefined) return undefined;
      return makeNode(op, [b, a], output, {});
    case "sub":
      return withConstant("add", node, (number) => -number, context);
    case "div":
      return withConstant("mul", node, (number) => 1 / number, context);
    case "clip": {
      const { least, most } = node.attributes;
      const isOfFloats = context.type(a)?.dtype === "f32";
      if (least !== 0 || !isOfFloats) return undefined;
      if (most === 6) return makeNode("relu6", inputs, output, {});
      return most === Number.POSITIVE_INFINITY ? makeNode("relu", inputs, output, {}) : undefined;
    }
    default:
      return undefined;
  }
}

function withConstant(
  op: "add" | "mul",
  { inputs: [x = "", name = ""], output }: Node,
  inverse: (number: number) => number,
  context: RewriteContext,
): Node | undefined {
  const constant = context.constant(name);
  if (constant === undefined) return undefined;
  const changed = context.addConstant(
    `${output}.operand`,
    floats(constant.shape, constant.data.map(inverse)),
  );
  return makeNode(op, [x, changed], output, {});
}
