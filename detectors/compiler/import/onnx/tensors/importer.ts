/** Imports any ONNX model with its own inputs and outputs. */
import { ModelError } from "../../../../errors.ts";
import { buildGraph, type GraphBuilder } from "../../../graph/builder.ts";
import type { ImportedTensors, NamedTensor } from "../../../graph/graph.ts";
import type { ValueType } from "../../../graph/value.ts";
import { ShapeError } from "../../../ops/shapes.ts";
import { damagedOnnx } from "../../errors.ts";
import type { Evaluator } from "../../evaluator.ts";
import { MAX_CONSTANT_ELEMENTS } from "../../evaluator.ts";
import { placeOf, showNode } from "../../file-node.ts";
import type { TensorOptions } from "../../importer.ts";
import { type DeclaredInput, inputShapes } from "../../input-shapes.ts";
import { integers, type NdArray } from "../../nd-array.ts";
import { startSurvey } from "../../survey.ts";
import { shapeOf } from "../creation.ts";
import { onnxEvaluator } from "../evaluator.ts";
import type { OrderedOnnxModel } from "../read-onnx.ts";
import { readTensor } from "../read-tensor.ts";
import { isStandard, type OnnxGraph, type OnnxNode, type OnnxValueInfo, operatorName } from "../schema.ts";
import { dataTypeName, type ElementType, elementType } from "./element-type.ts";
import { elementwiseNodes } from "./elementwise.ts";
import { movementNodes } from "./movement.ts";
import { type NodeImporter, nodeCall, refuse, type TensorValue } from "./node-call.ts";
import { reductionNodes } from "./reductions.ts";
import { resizeNodes } from "./resize.ts";
import { windowNodes } from "./windows.ts";

const importers: ReadonlyMap<string, NodeImporter> = new Map(
  Object.entries({
    ...elementwiseNodes,
    ...movementNodes,
    ...windowNodes,
    ...resizeNodes,
    ...reductionNodes,
  }),
);

/** The ONNX operators that can be computed at run time. */
export const TENSOR_OPERATORS: readonly string[] = [...importers.keys()].toSorted();

/** The inputs of a node whose numbers must be known at compile time. */
export function knownInputs({ opType = "" }: OnnxNode): readonly number[] {
  return importers.get(opType)?.known ?? [];
}

/** @throws ModelError that names every operator or value that cannot be compiled. */
export function importTensors(
  { graph: file, opsetImport }: OrderedOnnxModel,
  { name: modelName, shapes = new Map(), known = new Map() }: TensorOptions,
): ImportedTensors {
  const opset = opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 1;
  const builder = buildGraph();
  const values = new Map<string, TensorValue>();
  for (const tensor of file.initializer) {
    values.set(tensor.name ?? "", {
      kind: "known",
      array: readTensor(tensor),
      dtype: elementType(tensor.dataType)?.dtype,
    });
  }
  refuseUnknown(file, new Set([...values.keys(), ...known.keys()]));
  const inputs: NamedTensor[] = [];
  // Files of IR version 3 list initializers as inputs, too.
  const infos = file.input.filter(({ name = "" }) => !values.has(name));
  const given = new Map([...shapes, ...[...known].map(([name, { shape }]) => [name, shape] as const)]);
  const shapeOfInput = inputShapes(infos.map(declaredInput), given);
  for (const info of infos) {
    const { name = "" } = info;
    const { dtype, isLong } = inputType(info);
    const array = known.get(name);
    if (array !== undefined) {
      values.set(name, { kind: "known", array, dtype });
      continue;
    }
    const shape = shapeOfInput.get(name) ?? [];
    const value = builder.input(name, { dtype, shape });
    values.set(name, { kind: "computed", name: value, isLong });
    inputs.push({ name, value, dtype, shape });
  }
  const evaluator = onnxEvaluator(MAX_CONSTANT_ELEMENTS);
  for (const node of file.node) importNode(node, opset, values, builder, evaluator);
  const outputs = file.output.map((info) => outputOf(info, values, builder));
  const graph = builder.finish(...outputs.map(({ value }) => value));
  return { task: "tensor", name: modelName, inputs, outputs, graph };
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

/** @throws ModelError naming every operator that cannot be compiled once, with its number of nodes. */
function refuseUnknown({ node: nodes }: OnnxGraph, constants: ReadonlySet<string>): void {
  const known = new Set(constants);
  const survey = startSurvey("node");
  const evaluator = onnxEvaluator();
  for (const node of nodes) {
    const { opType = "?" } = node;
    const isConstant = node.input.every((name) => name === "" || known.has(name));
    const isComputable = isStandard(node) && (SHAPES.has(opType) || (isConstant && evaluator.knows(opType)));
    if (isComputable) for (const output of node.output) known.add(output);
    else if (!isStandard(node) || !importers.has(opType)) survey.add(operatorName(node), placeOf(node));
  }
  survey.refuse(
    "The ONNX model uses operators that cannot be compiled:",
    "Replace them before the export, or export only the part of the model in front of them.",
  );
}

/** Nodes whose result is known although their input is not. */
const SHAPES: ReadonlySet<string> = new Set(["Shape", "Size"]);

/** Computes a node at once where its inputs are known, or appends it to the graph. */
function importNode(
  node: OnnxNode,
  opset: number,
  values: Map<string, TensorValue>,
  builder: GraphBuilder,
  evaluator: Evaluator<OnnxNode>,
): void {
  const inputs = node.input.map((name) => {
    if (name === "") return undefined;
    const value = values.get(name);
    if (value === undefined)
      throw damagedOnnx(`${showNode(node)} uses "${name}", which no earlier node produces`);
    return value;
  });
  const define = (index: number, value: TensorValue): void => {
    const name = node.output[index];
    if (name) values.set(name, value);
  };
  const { opType = "" } = node;
  const [first] = inputs;
  if (SHAPES.has(opType) && first?.kind === "computed") {
    const { shape } = builder.typeOf(first.name);
    const size = shape.reduce((product, length) => product * length, 1);
    define(0, {
      kind: "known",
      array: opType === "Size" ? integers(size) : shapeOf({ node }, shape),
      dtype: "i32",
    });
    return;
  }
  const arrays = inputs.map((input) => (input?.kind === "known" ? input.array : undefined));
  if (inputs.every((input) => input?.kind !== "computed") && evaluator.knows(opType)) {
    for (const [index, array] of evaluator.run(node, arrays).entries()) {
      define(index, {
        kind: "known",
        array,
        dtype: array.type === "bool" ? "bool" : knownType(node, inputs, array),
      });
    }
    return;
  }
  const importer = importers.get(opType);
  if (!importer) throw refuse(node, "is an operator that the compiler does not have");
  const isLong = inputs.some((input) => input?.kind === "computed" && input.isLong) || castsToLong(node);
  const outputs = addNode(importer, node, opset, inputs, builder);
  for (const [index, name] of outputs.entries()) {
    const isLongOutput = isLong && builder.typeOf(name).dtype === "i32";
    if (isLongOutput && importer.grows) {
      throw refuse(node, `computes "${node.output[index]}" of 64-bit integers that may not fit into 32 bits`);
    }
    define(index, { kind: "computed", name, isLong: isLongOutput });
  }
}

function addNode(
  importer: NodeImporter,
  node: OnnxNode,
  opset: number,
  inputs: readonly (TensorValue | undefined)[],
  builder: GraphBuilder,
): readonly string[] {
  try {
    const outputs = importer.add(nodeCall(node, opset, inputs, builder));
    return typeof outputs === "string" ? [outputs] : outputs;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw refuse(node, `has inputs that do not fit: ${error.message}`);
  }
}

/** The type of numbers that a node computed of known ones: that of its inputs, as far as it has one. */
function knownType(
  node: OnnxNode,
  inputs: readonly (TensorValue | undefined)[],
  { type }: NdArray,
): ValueType["dtype"] | undefined {
  if (type === "float") return "f32";
  const to = node.attribute.find(({ name }) => name === "to")?.i;
  const value = node.attribute.find(({ name }) => name === "value")?.t?.dataType;
  const own = elementType(to ?? value);
  if (own !== undefined) return own.dtype;
  const [first] = inputs;
  return first?.kind === "known" && first.array.type === "int" ? first.dtype : undefined;
}

function castsToLong({ opType, attribute }: OnnxNode): boolean {
  return opType === "Cast" && elementType(attribute.find(({ name }) => name === "to")?.i)?.isLong === true;
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
