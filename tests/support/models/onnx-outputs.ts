import { cutAtHeads } from "../../../detectors/compiler/import/onnx/cut.ts";
import { decodeModel, encodeModel, type OnnxGraph } from "../../../detectors/compiler/import/onnx/schema.ts";

/** TensorProto.DataType FLOAT. */
const FLOAT = 1;

/** The same model with these values as additional graph outputs, so that onnxruntime returns them. */
export function exposeValues(onnx: Uint8Array, names: readonly string[]): Uint8Array {
  return editGraph(onnx, (graph) => ({
    ...graph,
    output: [...graph.output, ...names.map(floatValue)],
  }));
}

/** Names of the head convolutions' outputs (logits, NCHW), in file order: the finest scale first in YOLOv5. */
export function headConvolutionOutputs(onnx: Uint8Array): string[] {
  const { graph } = decodeModel(onnx);
  if (!graph) throw new Error("the ONNX model has no graph");
  return cutAtHeads(graph).heads.flatMap(({ output }) => output);
}

/**
 * The model's body alone, for another input size. Its outputs are the logits of the head convolutions. The decode, which
 * depends on the exported size, and the declared shapes of intermediate values are removed.
 */
export function withInputSize(
  onnx: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  return editGraph(onnx, (graph) => {
    const { body, heads } = cutAtHeads(graph);
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
      output: heads.flatMap(({ output }) => output).map(floatValue),
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
