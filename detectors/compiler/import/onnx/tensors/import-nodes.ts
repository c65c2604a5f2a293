/** Imports the nodes of a graph one by one: at once where their inputs are known, else as operators of the compiler's graph. */
import { ModelError } from "../../../../errors.ts";
import { buildGraph, type GraphBuilder } from "../../../graph/builder.ts";
import { multiplicationsOf } from "../../../graph/facts.ts";
import { ARRAYS } from "../../../graph/value.ts";
import { evaluateTensors } from "../../../ops/evaluate.ts";
import { elements, ShapeError } from "../../../ops/shapes.ts";
import { placeOf } from "../../file-node.ts";
import { integers, type NdArray } from "../../nd-array.ts";
import { shapeOf } from "../creation.ts";
import { readTensor } from "../read-tensor.ts";
import { isStandard, type OnnxGraph, type OnnxNode, operatorName } from "../schema.ts";
import { importIf } from "./branches.ts";
import { BOOL, type ElementType, elementType, exact, F32, I64 } from "./element-type.ts";
import { elementwiseNodes } from "./elementwise.ts";
import { movementNodes } from "./movement.ts";
import { type NodeImporter, nodeCall, refuse, type TensorValue } from "./node-call.ts";
import { recurrentNodes } from "./recurrent.ts";
import { reductionNodes } from "./reductions.ts";
import { resizeNodes } from "./resize.ts";
import type { Import, Values } from "./scope.ts";
import { windowNodes } from "./windows.ts";

const importers: ReadonlyMap<string, NodeImporter> = new Map(
  Object.entries({
    ...elementwiseNodes,
    ...movementNodes,
    ...windowNodes,
    ...resizeNodes,
    ...reductionNodes,
    ...recurrentNodes,
  }),
);

/** The ONNX operators that can be computed at run time. */
export const TENSOR_OPERATORS: readonly string[] = [...importers.keys()].toSorted();

/** The inputs of a node whose numbers must be known at compile time. */
export function knownInputs({ opType = "" }: OnnxNode): readonly number[] {
  return importers.get(opType)?.known ?? [];
}

/**
 * Notes the operators that cannot be compiled whatever the sizes of the inputs. Those in branches, and those that are only
 * computed of constants, are noted when they are imported.
 */
export function surveyOperators({ node: nodes }: OnnxGraph, { survey, evaluator }: Import): void {
  for (const node of nodes) {
    const { opType = "" } = node;
    const isKnown = opType === "If" || SHAPES.has(opType) || importers.has(opType) || evaluator.knows(opType);
    if (!isStandard(node) || !isKnown) survey.add(operatorName(node), placeOf(node));
  }
}

/** Imports the constants and nodes of a graph. What cannot be compiled is noted, and its values are left out. */
export function importNodes({ initializer, node: nodes }: OnnxGraph, values: Values, context: Import): void {
  for (const tensor of initializer) {
    const type = elementType(tensor.dataType) ?? F32;
    values.set(tensor.name ?? "", { kind: "known", array: readTensor(tensor), type });
  }
  for (const node of nodes) {
    try {
      importNode(node, values, context);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      context.problems.push(error);
    }
  }
}

/** @throws ModelError naming every operator that cannot be compiled once, else the first node that cannot. */
export function requireComplete({ survey, problems }: Import): void {
  survey.refuse(
    "The ONNX model uses operators that cannot be compiled:",
    "Replace them before the export, or export only the part of the model in front of them.",
  );
  const [first] = problems;
  if (first !== undefined) throw first;
}

/** Nodes whose result is known although their input is not. */
const SHAPES: ReadonlySet<string> = new Set(["Shape", "Size"]);

function importNode(node: OnnxNode, values: Values, context: Import): void {
  const { opType = "" } = node;
  if (isStandard(node) && opType === "If") {
    importIf(node, values, context);
    return;
  }
  const { builder, evaluator, survey, opset } = context;
  const importer = isStandard(node) ? importers.get(opType) : undefined;
  const inputs = node.input.map((name) => (name === "" ? undefined : values.get(name)));
  const isAbsent = node.input.some((name, index) => name !== "" && inputs[index] === undefined);
  const isKnown = !isAbsent && inputs.every((input) => input?.kind !== "computed");
  const isEvaluated =
    isStandard(node) && (SHAPES.has(opType) || ((isKnown || isAbsent) && evaluator.knows(opType)));
  if (importer === undefined && !isEvaluated) {
    survey.add(operatorName(node), placeOf(node));
    return;
  }
  if (isAbsent) return;
  const define = (index: number, value: TensorValue): void => {
    const name = node.output[index];
    if (name) values.set(name, value);
  };
  const [first] = inputs;
  if (SHAPES.has(opType) && first?.kind === "computed") {
    const { shape } = builder.typeOf(first.name);
    const array = opType === "Size" ? integers(elements(shape)) : shapeOf({ node }, shape);
    define(0, { kind: "known", array, type: I64 });
    return;
  }
  if (isKnown && evaluator.knows(opType)) {
    const arrays = inputs.map((input) => (input?.kind === "known" ? input.array : undefined));
    for (const [index, array] of evaluator.run(node, arrays).entries()) {
      const type = knownType(node, inputs, array);
      define(index, { kind: "known", array: held(node, array, type, arrays), type });
    }
    return;
  }
  if (importer === undefined)
    throw refuse(node, "is an operator that the compiler computes only of constants");
  const isLong = importer.isLong ?? ((call) => call.isLong(0));
  if (isKnown) {
    const scratch = buildGraph();
    const call = nodeCall(node, opset, inputs, scratch, isLong);
    const results = evaluated(scratch, addNode(importer, node, call), isLong(call));
    for (const [index, value] of results?.entries() ?? []) define(index, value);
    if (results !== undefined) return;
  }
  const call = nodeCall(node, opset, inputs, builder, isLong);
  for (const [index, name] of addNode(importer, node, call).entries()) {
    define(index, { kind: "computed", name, isLong: builder.typeOf(name).dtype === "i32" && isLong(call) });
  }
}

function addNode(
  importer: NodeImporter,
  node: OnnxNode,
  call: ReturnType<typeof nodeCall>,
): readonly string[] {
  try {
    const outputs = importer.add(call);
    return typeof outputs === "string" ? [outputs] : outputs;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw refuse(node, `has inputs that do not fit: ${error.message}`);
  }
}

/** More work than this is left to the passes, which compute constants, too: shapes and conditions take little. */
const MOST_WORK = 2 ** 16;

/** The results of a node of known numbers, by the references of its operators; undefined where these take long. */
function evaluated(
  builder: GraphBuilder,
  outputs: readonly string[],
  isLong: boolean,
): readonly TensorValue[] | undefined {
  const graph = builder.finish(...outputs);
  const work = graph.nodes.map((node) =>
    Math.max(elements(builder.typeOf(node.output).shape), multiplicationsOf(node, graph)),
  );
  if (work.reduce((sum, size) => sum + size, 0) > MOST_WORK) return undefined;
  const tensors = evaluateTensors(graph, new Map());
  return outputs.map((output): TensorValue => {
    const { dtype, shape } = builder.typeOf(output);
    const data = tensors.get(output)?.data ?? [];
    if (dtype === "f32") {
      return { kind: "known", array: { type: "float", shape, data: Float32Array.from(data) }, type: F32 };
    }
    const array = { type: dtype === "bool" ? "bool" : "int", shape, data: Float64Array.from(data) } as const;
    return { kind: "known", array, type: dtype === "i32" && isLong ? I64 : exact(dtype) };
  });
}

/** The type of numbers that a node computed of known ones: given by the node, or that of its first input of integers. */
function knownType(
  { opType = "", attribute }: OnnxNode,
  inputs: readonly (TensorValue | undefined)[],
  { type }: NdArray,
): ElementType {
  if (type === "float") return F32;
  if (type === "bool") return BOOL;
  if (SHAPES.has(opType)) return I64;
  const given =
    attribute.find(({ name }) => name === "to")?.i ??
    attribute.find(({ name }) => name === "value")?.t?.dataType;
  const first = inputs.find((input) => input?.kind === "known" && input.array.type === "int");
  return elementType(given) ?? (first?.kind === "known" ? first.type : I64);
}

/** Integers are exact up to this size in the numbers of JavaScript. */
const LARGEST_EXACT = 2 ** 53;

/**
 * Integers as their type holds them: narrow ones wrap around. Larger ones than are exact may be given, as the end of a slice is.
 * @param inputs what the integers were computed of
 * @throws ModelError for a result that is no integer, as of a division by zero, and for one that is not exact.
 */
function held(
  node: OnnxNode,
  array: NdArray,
  { dtype, isLong, name }: ElementType,
  inputs: readonly (NdArray | undefined)[],
): NdArray {
  if (array.type !== "int") return array;
  const isGiven = (number: number): boolean =>
    inputs.length === 0 || inputs.some((input) => input?.data.includes(number));
  const bad = array.data.find(
    (number) => !Number.isInteger(number) || (Math.abs(number) > LARGEST_EXACT && !isGiven(number)),
  );
  if (bad !== undefined) throw refuse(node, `computes ${bad} as ${name}`);
  return isLong ? array : { ...array, data: Float64Array.from(ARRAYS[dtype].from(array.data)) };
}
