/** Small ONNX models with inputs of any type. */

import {
  encodeModel,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from "../../../detectors/compiler/import/onnx/schema.ts";
import { ModelError } from "../../../detectors/errors.ts";
import { compileOnnx } from "../../../scripts/conformance/compile-onnx.ts";
import { type Attributes, toAttribute } from "./onnx-writer.ts";

/** TensorProto.DataType */
export const TYPES = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7, bool: 9, u16: 4 } as const;
type TypeName = keyof typeof TYPES;

/** A model: types and sizes of its inputs by name. */
export interface Written {
  readonly nodes: readonly OnnxNode[];
  readonly inputs: Readonly<Record<string, readonly [TypeName, ...(number | string)[]]>>;
  readonly outputs: readonly string[];
  readonly initializers?: readonly OnnxTensor[];
}

/** A node, named as its operator in lower case. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Attributes = {},
): OnnxNode {
  const attribute = Object.entries(attributes).map(([name, value]) => toAttribute(name, value));
  return { opType, name: opType.toLowerCase(), input, output, attribute };
}

/** A branch of an If: a graph without inputs. */
export function branch(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  initializers: readonly OnnxTensor[] = [],
): OnnxGraph {
  const output = outputs.map((name) => ({ name }));
  return {
    name: "branch",
    node: nodes,
    initializer: initializers,
    sparseInitializer: [],
    input: [],
    output,
    valueInfo: [],
  };
}

/** The model as a file of operator set 17. */
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

/** Why a model is refused. @throws Error when it is not */
export function refusal(written: Written): string {
  try {
    compileOnnx(onnx(written));
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
  throw new Error("the model was accepted");
}
