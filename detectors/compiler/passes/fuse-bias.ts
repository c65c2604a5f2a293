import { makeNode } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import type { Graph } from "../graph/graph.ts";
import { floats } from "../graph/value.ts";
import { fusibleConvolution, rewrite } from "./rewrite.ts";

/** convolution + [channels] constant → convolution with the constant added to its bias. */
export function fuseBias(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== "add") return undefined;
    const [value = "", addendName = ""] = node.inputs;
    const conv = fusibleConvolution(value, context);
    const addend = context.constant(addendName);
    if (conv?.attributes.activation !== "none" || addend?.shape.length !== 1) return undefined;
    // A single number stands for all channels, and a longer list than the channels makes them more.
    if (addend.data.length !== typeOf(graph, value).shape.at(-1)) return undefined;
    const [x = "", weights = "", oldBiasName] = conv.inputs;
    const oldBias = oldBiasName === undefined ? undefined : context.constant(oldBiasName);
    if (oldBiasName !== undefined && !oldBias) return undefined;

    const data = addend.data.map((more, channel) => more + (oldBias?.data[channel] ?? 0));
    const bias = context.addConstant(`${node.output}.bias`, floats(addend.shape, data));
    return { node: makeNode(conv.op, [x, weights, bias], node.output, conv.attributes), absorbed: [conv] };
  });
}
