/** Imports any ONNX model with its own inputs and outputs. */
import { ModelError } from "../../../../errors.ts";
import { buildGraph, type GraphBuilder } from "../../../graph/builder.ts";
import type { ImportedTensors, NamedTensor } from "../../../graph/graph.ts";
import type { Shape } from "../../../graph/value.ts";
import { damagedOnnx } from "../../errors.ts";
import { MAX_CONSTANT_ELEMENTS } from "../../evaluator.ts";
import type { TensorOptions } from "../../importer.ts";
import { type DeclaredInput, inputShapes } from "../../input-shapes.ts";
import { startSurvey } from "../../survey.ts";
import { onnxEvaluator } from "../evaluator.ts";
import type { OrderedOnnxModel } from "../read-onnx.ts";
import { readTensor } from "../read-tensor.ts";
import type { OnnxGraph, OnnxValueInfo } from "../schema.ts";
import { constantArray, requireConstants } from "./bound-inputs.ts";
import { dataTypeName, type ElementType, elementType } from "./element-type.ts";
import { importNodes, requireComplete, surveyOperators } from "./import-nodes.ts";
import { nodeCall, type TensorValue } from "./node-call.ts";
import type { Import } from "./scope.ts";
import { initialOf, keepState, requireStates } from "./states.ts";

/** @throws ModelError that names every operator or value that cannot be compiled. */
export function importTensors(
  { graph: file, opsetImport }: OrderedOnnxModel,
  {
    name: modelName,
    shapes = new Map(),
    states = [],
    constants = new Map(),
    known = new Map(),
  }: TensorOptions,
): ImportedTensors {
  const opset = opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 1;
  const builder = buildGraph();
  const values = new Map<string, TensorValue>();
  const initializers = new Map(file.initializer.map((tensor) => [tensor.name ?? "", tensor]));
  requireStates(file, states);
  requireConstants(file, constants, states);
  const context: Import = {
    opset,
    builder,
    evaluator: onnxEvaluator(MAX_CONSTANT_ELEMENTS),
    survey: startSurvey("node"),
    problems: [],
    importGraph: (graph, inner) => importNodes(graph, inner, context),
  };
  const stateInputs = new Set(states.map(({ input }) => input));
  const inputs: NamedTensor[] = [];
  // Files of IR version 3 list initializers as inputs, too.
  const infos = file.input.filter(({ name = "" }) => stateInputs.has(name) || !initializers.has(name));
  const given = new Map([...shapes, ...[...known].map(([name, { shape }]) => [name, shape] as const)]);
  const shapeOfInput = shapesOf(infos, given, file, context);
  for (const info of infos) {
    const { name = "" } = info;
    const type = inputType(info);
    const shape = shapeOfInput.get(name) ?? [];
    const array = known.get(name) ?? constantArray(name, constants.get(name), type, shape);
    if (array !== undefined) {
      values.set(name, { kind: "known", array, type });
      continue;
    }
    const { dtype, isLong } = type;
    if (stateInputs.has(name)) {
      const initializer = initializers.get(name);
      const initial = initializer && initialOf(readTensor(initializer), { dtype, shape }, name, builder);
      values.set(name, { kind: "computed", name: builder.state(name, { dtype, shape }, initial), isLong });
      continue;
    }
    const value = builder.input(name, { dtype, shape });
    values.set(name, { kind: "computed", name: value, isLong });
    inputs.push({ name, value, dtype, shape });
  }
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
  const graph = builder.finish(...outputs.map(({ value }) => value));
  return { task: "tensor", name: modelName, inputs, outputs, graph };
}

/** @throws ModelError naming the operators that are missing whatever the sizes, else the input whose size stays open */
function shapesOf(
  infos: readonly OnnxValueInfo[],
  given: ReadonlyMap<string, Shape>,
  file: OnnxGraph,
  context: Import,
): ReadonlyMap<string, Shape> {
  try {
    return inputShapes(infos.map(declaredInput), given);
  } catch (error) {
    surveyOperators(file, context);
    requireComplete(context);
    throw error;
  }
}

/** The axes of an input. Exporters write an open size as a name, as 0 or as −1. */
function declaredInput({ name = "", type }: OnnxValueInfo): DeclaredInput {
  const dims = type?.tensorType?.shape?.dim;
  return {
    name,
    axes: dims?.map(({ dimValue = 0, dimParam }) => (dimValue > 0 ? dimValue : dimParam || undefined)),
  };
}

/** @throws ModelError when the compiler does not read the type of an input. */
function inputType({ name = "", type }: OnnxValueInfo): ElementType {
  const element = elementType(type?.tensorType?.elemType);
  if (element) return element;
  const what =
    type?.tensorType === undefined
      ? "is no tensor"
      : `has elements of ${dataTypeName(type.tensorType.elemType)}`;
  throw new ModelError(
    `The input "${name}" ${what}; expected a tensor of f32, f16, f64, i8, u8, i16, i32, i64 or bool.`,
    "Export the model with inputs of another type.",
  );
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
