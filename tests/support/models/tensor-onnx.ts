/** Writes ONNX files with any inputs and outputs. */
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "../../../detectors/compiler/import/onnx/schema.ts";
import { encodeModel } from "../../../detectors/compiler/import/onnx/schema.ts";

/** TensorProto.DataType by name. */
export const TYPES = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, u16: 4 } as const;
type TypeName = keyof typeof TYPES;

/** A graph to write: its inputs by name with type and sizes, a text for an open size. */
export interface Written {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: Readonly<Record<string, readonly [TypeName, ...(number | string)[]]>>;
  readonly outputs: readonly string[];
  readonly initializers?: readonly OnnxTensor[];
}

/** A node with integers as attributes. */
export function node(
  opType: string,
  input: string[],
  output: string[],
  ints: Record<string, number | number[]> = {},
): OnnxNode {
  const attribute = Object.entries(ints).map(
    ([name, value]): OnnxAttribute =>
      typeof value === "number"
        ? { name, type: 2, i: value, floats: [], ints: [] }
        : { name, type: 7, floats: [], ints: value },
  );
  return { opType, name: opType.toLowerCase(), input, output, attribute };
}

/** The bytes of an .onnx file. */
export function onnx({ nodes, inputs, outputs, initializers = [] }: Written): Uint8Array {
  const info = (name: string, [type, ...dims]: readonly [TypeName, ...(number | string)[]]) => ({
    name,
    type: {
      tensorType: {
        elemType: TYPES[type],
        shape: {
          dim: dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })),
        },
      },
    },
  });
  return encodeModel({
    irVersion: 8,
    graph: {
      name: "test",
      node: nodes,
      initializer: initializers,
      sparseInitializer: [],
      input: Object.entries(inputs).map(([name, type]) => info(name, type)),
      output: outputs.map((name) => info(name, ["f32"])),
      valueInfo: [],
    },
    opsetImport: [{ domain: "", version: 17 }],
    metadataProps: [],
  });
}
