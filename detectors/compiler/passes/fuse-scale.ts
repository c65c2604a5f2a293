import { makeNode } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import type { Graph } from "../graph/graph.ts";
import { type FloatConstant, floats } from "../graph/value.ts";
import { fusibleConv2d, rewrite } from "./rewrite.ts";

/** conv2d · [channels] constant → conv2d with scaled weights and bias, for example from a batch norm. */
export function fuseScale(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== "mul") return undefined;
    const [value = "", factorName = ""] = node.inputs;
    const conv = fusibleConv2d(value, context);
    const factor = context.constant(factorName);
    const weights = context.constant(conv?.inputs[1] ?? "");
    if (conv?.attributes.activation !== "none" || factor?.shape.length !== 1 || !weights) return undefined;
    if (factor.data.length !== typeOf(graph, value).shape.at(-1)) return undefined;
    const bias = context.constant(conv.inputs[2] ?? "");
    if (conv.inputs.length > 2 && !bias) return undefined;

    const inputs = [
      ...conv.inputs.slice(0, 1),
      context.addConstant(`${node.output}.weights`, {
        ...scaleOutputs(weights, factor),
        product: { numbers: weights.data, perOutput: factor.data },
      }),
      ...(bias ? [context.addConstant(`${node.output}.bias`, scaleOutputs(bias, factor))] : []),
    ];
    return { node: makeNode("conv2d", inputs, node.output, conv.attributes), absorbed: [conv] };
  });
}

/** Multiplies the numbers of output channel i by factor[i]. */
function scaleOutputs({ shape, data }: FloatConstant, factor: FloatConstant): FloatConstant {
  const perOutput = data.length / factor.data.length;
  return floats(
    shape,
    data.map((value, i) => value * (factor.data[Math.floor(i / perOutput)] ?? 1)),
  );
}
