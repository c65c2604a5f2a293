/** Imports any ONNX model with its own inputs and outputs. */
import { ModelError } from "../../../../errors.ts";
import { buildGraph, type GraphBuilder } from "../../../graph/builder.ts";
import type { Graph } from "../../../graph/graph.ts";
import type { Shape, ValueType } from "../../../graph/value.ts";
import { damagedOnnx } from "../../errors.ts";
import { createInterpreter } from "../interpreter.ts";
import { type NdArray, readTensor } from "../nd-array.ts";
import type { OrderedOnnxModel } from "../read-onnx.ts";
import type { OnnxValueInfo } from "../schema.ts";
import { dataTypeName, type ElementType, elementType } from "./element-type.ts";
import { importNodes, requireComplete } from "./import-nodes.ts";
import { nodeCall, type TensorValue } from "./node-call.ts";
import type { Import } from "./scope.ts";
import { initialOf, keepState, requireStates, type TensorState } from "./states.ts";

/** An input or output of a model. */
export interface NamedTensor extends ValueType {
  /** Its name in the file. */
  readonly name: string;
  /** Its name in the graph. */
  readonly value: string;
}

/** A model with its own inputs and outputs. */
export interface TensorModel {
  readonly graph: Graph;
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

export interface TensorModelOptions {
  /** Shapes of inputs whose sizes the file leaves open, by name. The first axis, a batch, is 1 otherwise. */
  readonly shapes?: ReadonlyMap<string, Shape>;
  /** Outputs that an input continues in the next inference. Neither is an input or output of the module. */
  readonly states?: readonly TensorState[];
  /** Inputs that are known at compile time. */
  readonly known?: ReadonlyMap<string, NdArray>;
}

/** @throws ModelError that names every operator or value that cannot be compiled. */
export function importTensorModel(
  { graph: file, opsetImport }: OrderedOnnxModel,
  { shapes = new Map(), states = [], known = new Map() }: TensorModelOptions = {},
): TensorModel {
  const opset = opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 1;
  const builder = buildGraph();
  const values = new Map<string, TensorValue>();
  const initializers = new Map(file.initializer.map((tensor) => [tensor.name, tensor]));
  requireStates(file, states);
  const stateInputs = new Set(states.map(({ input }) => input));
  const inputs: NamedTensor[] = [];
  for (const info of file.input) {
    const name = info.name ?? "";
    const initializer = initializers.get(name);
    const isState = stateInputs.has(name);
    if (initializer !== undefined && !isState) continue;
    const { type, shape } = inputType(info, shapes.get(name) ?? known.get(name)?.shape);
    const array = known.get(name);
    if (array !== undefined) {
      values.set(name, { kind: "known", array, type });
      continue;
    }
    const { dtype, isLong } = type;
    if (isState) {
      const initial = initializer && initialOf(readTensor(initializer), { dtype, shape }, name, builder);
      values.set(name, { kind: "computed", name: builder.state(name, { dtype, shape }, initial), isLong });
      continue;
    }
    const value = builder.input(name, { dtype, shape });
    values.set(name, { kind: "computed", name: value, isLong });
    inputs.push({ name, value, dtype, shape });
  }
  const context: Import = {
    opset,
    builder,
    interpreter: createInterpreter(),
    missing: new Map(),
    problems: [],
    importGraph: (graph, inner) => importNodes(graph, inner, context),
  };
  const initializer = file.initializer.filter(({ name = "" }) => !stateInputs.has(name));
  importNodes({ ...file, initializer }, values, context);
  requireComplete(context);
  for (const state of states) {
    keepState(state, outputOf({ name: state.output }, values, builder).value, builder);
  }
  const stateOutputs = new Set(states.map(({ output }) => output));
  const outputs = file.output
    .filter(({ name = "" }) => !stateOutputs.has(name))
    .map((info) => outputOf(info, values, builder));
  return { graph: builder.finish(...outputs.map(({ value }) => value)), inputs, outputs };
}

/** The type of an input. @throws ModelError when it has another type, or sizes that only the caller knows. */
function inputType(
  { name = "", type }: OnnxValueInfo,
  given: Shape | undefined,
): { readonly type: ElementType; readonly shape: Shape } {
  const tensor = type?.tensorType;
  const element = elementType(tensor?.elemType);
  if (!element) {
    throw new ModelError(
      `The input "${name}" has elements of ${dataTypeName(tensor?.elemType)}; expected f32, f16, f64, i8, u8, i16, i32, i64 or bool.`,
      "Export the model with inputs of another type.",
    );
  }
  const dims = tensor?.shape?.dim ?? [];
  const shape = given ?? dims.map(({ dimValue }, axis) => dimValue || (axis === 0 ? 1 : 0));
  if (shape.includes(0) && given === undefined) {
    const written = dims.map(({ dimValue, dimParam }) => dimValue || dimParam || "?").join(", ");
    throw new ModelError(
      `The input "${name}" has sizes that the file leaves open: [${written}].`,
      "Export the model with fixed sizes.",
    );
  }
  return { type: element, shape };
}

/** An output of the model. One that is an input, known or already an output gets a value of its own. */
function outputOf(
  { name = "" }: OnnxValueInfo,
  values: ReadonlyMap<string, TensorValue>,
  builder: GraphBuilder,
): NamedTensor {
  const found = values.get(name);
  if (found === undefined) throw damagedOnnx(`no node produces the output "${name}"`);
  const call = nodeCall(
    { input: [name], output: [name], opType: "Identity", attribute: [] },
    1,
    [found],
    builder,
  );
  const source = call.value(0);
  const value = call.add("reshape", [source], { shape: call.shapeOf(source) });
  return { name, value, ...builder.typeOf(value) };
}
