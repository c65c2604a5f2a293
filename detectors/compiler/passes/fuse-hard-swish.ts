import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { type Replacement, type RewriteContext, rewrite } from "./rewrite.ts";

/**
 * c · x · relu6(x + 3) → hard_swish(x) with slope c, in any order of the factors (Howard et al. 2019, arXiv:1905.02244; c is
 * 1/6 in files, or the nearest half-precision number).
 */
export function fuseHardSwish(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== "mul") return undefined;
    const scaled = scaleHardSwish(node, context) ?? gatedProduct(node, context);
    if (scaled) return scaled;
    const product = factorsOf(node, context);
    for (const gate of product.factors) {
      const x = gatedBy(gate, context);
      const slope = product.factors
        .filter((factor) => factor !== gate && factor !== x)
        .map((factor) => uniform(factor, context))
        .reduce((all, factor) => (all === undefined || factor === undefined ? undefined : all * factor), 1);
      const once = product.factors.filter((factor) => factor === x).length === 1;
      if (x === undefined || slope === undefined || !once) continue;
      const absorbed = [...product.inner, ...exclusiveGate(gate, context)];
      return { node: makeNode("hard_swish", [x], node.output, { slope }), absorbed };
    }
    return undefined;
  });
}

/** c · hard_swish(x): the product of the other factors was already replaced. */
function scaleHardSwish({ inputs, output }: Node, context: RewriteContext): Replacement | undefined {
  const [value = "", factor = ""] = inputs;
  const swish = context.producer(value);
  const c = uniform(factor, context);
  if (swish?.op !== "hard_swish" || context.uses(value) !== 1 || c === undefined) return undefined;
  const slope = swish.attributes.slope * c;
  return { node: makeNode("hard_swish", swish.inputs, output, { slope }), absorbed: [swish] };
}

/** The factors of a product, including those of its input products that nothing else reads. */
function factorsOf(node: Node, { producer, uses }: RewriteContext): { factors: string[]; inner: Node[] } {
  const inner = node.inputs.flatMap((input) => {
    const product = producer(input);
    return product?.op === "mul" && uses(input) === 1 ? [product] : [];
  });
  const outer = node.inputs.filter((input) => !inner.some(({ output }) => output === input));
  return { factors: [...outer, ...inner.flatMap(({ inputs }) => inputs)], inner };
}

/** x · hard_sigmoid(x) with the factor 1/slope and the addend 3/slope of a gate. */
function gatedProduct(
  { inputs: [a = "", b = ""], output }: Node,
  context: RewriteContext,
): Replacement | undefined {
  for (const [x, value] of [
    [a, b],
    [b, a],
  ] as const) {
    const gate = context.producer(value);
    if (gate?.op !== "hard_sigmoid" || gate.inputs[0] !== x) continue;
    const { alpha, beta } = gate.attributes;
    const isHardSwish = Math.abs(6 * alpha - 1) < TOLERANCE && Math.abs(2 * beta - 1) < TOLERANCE;
    if (!isHardSwish) continue;
    const absorbed = context.uses(value) === 1 ? [gate] : [];
    return { node: makeNode("hard_swish", [x], output, { slope: 1 / 6 }), absorbed };
  }
  return undefined;
}

/** Files write 1/6 as a float, from which hard swish differs by no more. */
const TOLERANCE = 1e-5;

/** The x of relu6(x + 3). */
function gatedBy(value: string, context: RewriteContext): string | undefined {
  const relu6 = context.producer(value);
  const sum = context.producer(relu6?.op === "relu6" ? (relu6.inputs[0] ?? "") : "");
  const [x, addend = ""] = sum?.op === "add" ? sum.inputs : [];
  return uniform(addend, context) === 3 ? x : undefined;
}

/** The gate's nodes that nothing else reads. */
function exclusiveGate(value: string, { producer, uses }: RewriteContext): Node[] {
  const relu6 = producer(value);
  if (!relu6 || uses(value) !== 1) return [];
  const [input = ""] = relu6.inputs;
  const sum = producer(input);
  return sum && uses(input) === 1 ? [relu6, sum] : [relu6];
}

/** The number that a constant repeats. */
function uniform(name: string, { constant }: RewriteContext): number | undefined {
  const data = constant(name)?.data;
  return data?.every((value) => value === data[0]) ? data[0] : undefined;
}
