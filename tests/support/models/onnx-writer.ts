import {
  encodeModel,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from "../../../detectors/compiler/import/onnx/schema.ts";

/** Attributes as plain values: whole numbers become ints, floats are written as `{float: x}`. */
export type Attributes = Readonly<
  Record<
    string,
    | number
    | string
    | readonly number[]
    | readonly string[]
    | OnnxTensor
    | OnnxGraph
    | { readonly float: number }
  >
>;

/** Writes an ONNX graph node by node. */
export interface OnnxWriter {
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
  /** Adds a node with one output, and returns its name. */
  add(opType: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds a node with several outputs, and returns their names. */
  addMany(opType: string, inputs: readonly string[], outputs: number, attributes?: Attributes): string[];
  floats(dims: readonly number[], data: Float32Array): string;
  integers(values: readonly number[] | number): string;
  /** A scalar. */
  scalar(value: number): string;
}

/** TensorProto.DataType */
export const FLOAT = 1;
export const INT64 = 7;

/** A float tensor with raw data. */
export function floatTensor(name: string, dims: readonly number[], data: Float32Array): OnnxTensor {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { ...emptyTensor(name), dims, dataType: FLOAT, rawData };
}

/** An int64 tensor with typed data. */
export function integerTensor(name: string, values: readonly number[] | number): OnnxTensor {
  const isScalar = typeof values === "number";
  return {
    ...emptyTensor(name),
    dims: isScalar ? [] : [values.length],
    dataType: INT64,
    int64Data: isScalar ? [values] : values,
  };
}

function emptyTensor(name: string): OnnxTensor {
  return { name, dims: [], floatData: [], int32Data: [], int64Data: [], doubleData: [] };
}

/** Starts an empty graph. Exporters write constants as initializers or as Constant nodes; `constants` selects one. */
export function writeOnnx(constants: "initializers" | "nodes" = "initializers"): OnnxWriter {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let count = 0;

  function addMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Attributes = {},
  ): string[] {
    const name = `${opType}_${count++}`;
    const output = Array.from({ length: outputs }, (_, i) => `${name}_output_${i}`);
    const attribute = Object.entries(attributes).map(([key, value]) => toAttribute(key, value));
    nodes.push({ name, opType, input: inputs, output, attribute });
    return output;
  }
  function add(opType: string, inputs: readonly string[], attributes?: Attributes): string {
    return addMany(opType, inputs, 1, attributes)[0] ?? "";
  }
  function keep(tensor: OnnxTensor): string {
    if (constants === "nodes") return add("Constant", [], { value: tensor });
    initializers.push(tensor);
    return tensor.name ?? "";
  }
  return {
    nodes,
    initializers,
    add,
    addMany,
    floats: (dims, data) => keep(floatTensor(`tensor_${count++}`, dims, data)),
    integers: (values) => keep(integerTensor(`tensor_${count++}`, values)),
    scalar: (value) => keep(floatTensor(`tensor_${count++}`, [], Float32Array.of(value))),
  };
}

/** The finished file. */
export function onnxFile(
  { nodes, initializers }: Pick<OnnxWriter, "nodes" | "initializers">,
  {
    input,
    outputs,
    opset,
    metadata = {},
  }: {
    input: { name: string; dims: readonly (number | string)[] };
    outputs: readonly string[];
    opset: number;
    metadata?: Readonly<Record<string, string>>;
  },
): Uint8Array {
  const dim = input.dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  const graph: OnnxGraph = {
    name: "test",
    node: nodes,
    initializer: initializers,
    sparseInitializer: [],
    input: [{ name: input.name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } }],
    output: outputs.map((name) => ({ name, type: { tensorType: { elemType: FLOAT } } })),
    valueInfo: [],
  };
  return encodeModel({
    irVersion: 7,
    producerName: "test",
    graph,
    opsetImport: [{ domain: "", version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

/** Selects the AttributeProto.AttributeType by the value. */
export function toAttribute(name: string, value: Attributes[string]): OnnxAttribute {
  const empty = { name, floats: [], ints: [] };
  if (typeof value === "number") return { ...empty, type: 2, i: value };
  if (typeof value === "string") return { ...empty, type: 3, s: new TextEncoder().encode(value) };
  if ("float" in value) return { ...empty, type: 1, f: value.float };
  if ("node" in value) return { ...empty, type: 5, g: value };
  if ("dims" in value) return { ...empty, type: 4, t: value };
  if (isStrings(value))
    return { ...empty, type: 8, strings: value.map((text) => new TextEncoder().encode(text)) };
  return { ...empty, type: 7, ints: value };
}

function isStrings(list: readonly number[] | readonly string[]): list is readonly string[] {
  return typeof list[0] === "string";
}
