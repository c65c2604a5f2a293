/** Elementwise nodes. */
import { integerOf, numberOf } from "../attributes.ts";
import type { TfjsNode } from "../schema.ts";
import { Obstacle, type TfjsCall, type Translate } from "./translation.ts";

/** A node that is one ONNX operator of the same inputs. */
export function same(opType: string): Translate {
  return ({ node, give }) => give(opType, node.input);
}

function squared(call: TfjsCall, x: string): void {
  call.give("Mul", [x, x]);
}

/** DataType of TensorFlow's types.proto, by name or number, as TensorProto.DataType. */
const DATA_TYPES: ReadonlyMap<string | number, number> = new Map<string | number, number>([
  ["DT_FLOAT", 1],
  [1, 1],
  ["DT_INT32", 6],
  [3, 6],
  ["DT_UINT8", 2],
  [4, 2],
  ["DT_INT16", 5],
  [5, 5],
  ["DT_INT8", 3],
  [6, 3],
  ["DT_INT64", 7],
  [9, 7],
  ["DT_BOOL", 9],
  [10, 9],
]);

/** The TensorProto.DataType of an attribute. @throws Obstacle for a type that the compiler does not read. */
export function dataTypeOf({ attr }: TfjsNode, name: string): number {
  const type = attr.get(name)?.type ?? "DT_FLOAT";
  const dataType = DATA_TYPES.get(type);
  if (dataType === undefined) throw new Obstacle(`of type ${type}`);
  return dataType;
}

/**
 * Appends the activation that a fused node ends with, and gives its output.
 * @param index of the first input behind the bias
 */
export function giveActivated(
  call: TfjsCall,
  x: string,
  activation: string | undefined,
  index: number,
): void {
  const { node, give, float } = call;
  switch (activation) {
    case undefined:
      give("Identity", [x]);
      break;
    case "Relu6":
      give("Clip", [x, float(0), float(6)]);
      break;
    case "LeakyRelu":
      give("LeakyRelu", [x], { alpha: numberOf(node, "leakyrelu_alpha", 0.2) });
      break;
    case "Prelu":
      give("PRelu", [x, call.input(index)]);
      break;
    case "Relu":
    case "Elu":
    case "Sigmoid":
    case "Tanh":
      give(activation, [x]);
      break;
    default:
      throw new Obstacle(`with fused ${activation}`);
  }
}

/** Elementwise nodes by operator. */
export const elementwiseNodes: Readonly<Record<string, Translate>> = {
  Identity: same("Identity"),
  StopGradient: same("Identity"),
  Snapshot: same("Identity"),
  Add: same("Add"),
  AddV2: same("Add"),
  AddN: same("Sum"),
  Sub: same("Sub"),
  Mul: same("Mul"),
  RealDiv: same("Div"),
  Maximum: same("Max"),
  Minimum: same("Min"),
  Pow: same("Pow"),
  Prelu: same("PRelu"),
  Neg: same("Neg"),
  Abs: same("Abs"),
  Exp: same("Exp"),
  Log: same("Log"),
  Sqrt: same("Sqrt"),
  Erf: same("Erf"),
  Sign: same("Sign"),
  Floor: same("Floor"),
  Ceil: same("Ceil"),
  Round: same("Round"),
  Tanh: same("Tanh"),
  Sigmoid: same("Sigmoid"),
  Relu: same("Relu"),
  Elu: same("Elu"),
  Selu: same("Selu"),
  Softplus: same("Softplus"),
  Softsign: same("Softsign"),
  Reciprocal: same("Reciprocal"),
  Equal: same("Equal"),
  Less: same("Less"),
  LessEqual: same("LessOrEqual"),
  Greater: same("Greater"),
  GreaterEqual: same("GreaterOrEqual"),
  LogicalAnd: same("And"),
  LogicalOr: same("Or"),
  LogicalNot: same("Not"),
  SelectV2: same("Where"),
  NotEqual: ({ input, add, give }) => give("Not", [add("Equal", [input(0), input(1)])]),
  Square: (call) => squared(call, call.input(0)),
  SquaredDifference: (call) => squared(call, call.add("Sub", [call.input(0), call.input(1)])),
  Rsqrt: ({ input, add, give }) => give("Reciprocal", [add("Sqrt", [input(0)])]),
  Relu6: (call) => giveActivated(call, call.input(0), "Relu6", 1),
  LeakyRelu: ({ node, input, give }) =>
    give("LeakyRelu", [input(0)], { alpha: numberOf(node, "alpha", 0.2) }),
  ClipByValue: same("Clip"),
  Cast: ({ node, input, give }) => give("Cast", [input(0)], { to: dataTypeOf(node, "DstT") }),
  // The bias belongs to the last axis.
  BiasAdd: ({ node, input, give }) => {
    requireChannelsLast(node);
    give("Add", [input(0), input(1)]);
  },
  Softmax: ({ input, give }) => give("Softmax", [input(0)], { axis: -1 }),
  LogSoftmax: ({ input, give }) => give("LogSoftmax", [input(0)], { axis: -1 }),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV3: batchNorm,
};

/** (x − mean) / √(variance + ε) · scale + offset, along the last axis. */
function batchNorm(call: TfjsCall): void {
  const { node, input, add, give, float } = call;
  requireChannelsLast(node);
  if (node.attr.get("is_training")?.b === true) throw new Obstacle("in training mode");
  const [x, scale, offset, mean, variance] = [input(0), input(1), input(2), input(3), input(4)];
  const deviation = add("Sqrt", [add("Add", [variance, float(numberOf(node, "epsilon", 1e-4))])]);
  const factor = add("Div", [scale, deviation]);
  give("Add", [add("Mul", [add("Sub", [x, mean]), factor]), offset]);
}

/** @throws Obstacle for NCHW, which TensorFlow.js does not write for its own back ends */
export function requireChannelsLast(node: TfjsNode): void {
  const format = node.attr.get("data_format")?.s ?? "NHWC";
  if (format !== "NHWC") throw new Obstacle(`with data_format ${format}`);
}

/** @throws Obstacle unless an integer attribute is 0 */
export function requireZero(node: TfjsNode, name: string): void {
  if (integerOf(node, name, 0) !== 0) throw new Obstacle(`with ${name}`);
}
