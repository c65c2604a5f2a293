import { cutOnnx } from "../../../detectors/compiler/import/onnx/network.ts";
import { decodeModel, encodeModel, type OnnxGraph } from "../../../detectors/compiler/import/onnx/schema.ts";

/** TensorProto.DataType FLOAT. */
const FLOAT = 1;

/**
 * The model's body alone, for another input size. Its outputs are the logits of the head convolutions. The decode, which
 * depends on the exported size, and the declared shapes of intermediate values are removed.
 */
export function withInputSize(
  onnx: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  return editGraph(onnx, (graph) => {
    const { body, tail } = cutOnnx(graph, "convolutions");
    const read = new Set(tail.flatMap(({ input }) => input));
    const ends = body.flatMap(({ output }) => output).filter((name) => read.has(name));
    const used = new Set(body.flatMap(({ input }) => input));
    const dim = [1, 3, height, width].map((dimValue) => ({ dimValue }));
    const initializers = new Set(graph.initializer.map(({ name }) => name));
    return {
      ...graph,
      node: body,
      initializer: graph.initializer.filter(({ name }) => used.has(name ?? "")),
      input: graph.input
        .filter(({ name }) => !initializers.has(name))
        .map((input) => ({ ...input, type: { tensorType: { elemType: FLOAT, shape: { dim } } } })),
      output: ends.map(floatValue),
      valueInfo: [],
    };
  });
}

function floatValue(name: string): OnnxGraph["output"][number] {
  return { name, type: { tensorType: { elemType: FLOAT } } };
}

function editGraph(onnx: Uint8Array, edit: (graph: OnnxGraph) => OnnxGraph): Uint8Array {
  const model = decodeModel(onnx);
  if (!model.graph) throw new Error("the ONNX model has no graph");
  return encodeModel({ ...model, graph: edit(model.graph) });
}
