/** Elementwise nodes. */
import type { Operator, OperatorAttributes } from "../../../ops/index.ts";
import { floatAttribute, intAttribute } from "../attributes.ts";
import { dataTypeName, elementType, I64 } from "./element-type.ts";
import { type NodeCall, type NodeImporter, refuse } from "./node-call.ts";

type Plain = { [K in Operator]: Record<never, never> extends OperatorAttributes[K] ? K : never }[Operator];

/** A node that is one operator of the graph without attributes. */
function same(op: Plain, inputs: number): NodeImporter {
  return {
    add: (call) =>
      call.add(
        op,
        Array.from({ length: inputs }, (_, index) => call.value(index)),
        {},
      ),
  };
}

/** A function of one input, composed of operators. */
function composed(add: (call: NodeCall, x: string) => string): NodeImporter {
  return { add: (call) => add(call, call.value(0)) };
}

/** A node of any number of inputs that are combined from left to right. */
function folded(
  op: "add" | "min" | "max",
  end: (call: NodeCall, sum: string) => string = (_, sum) => sum,
): NodeImporter {
  return {
    add(call) {
      const values = Array.from({ length: call.inputCount }, (_, index) => call.value(index));
      const [first = "", ...others] = values;
      if (others.length === 0) return end(call, copy(call, first));
      return end(
        call,
        others.reduce((sum, value) => call.add(op, [sum, value], {}), first),
      );
    },
  };
}

/** A copy of a value: a value of the graph has one name. */
export function copy(call: NodeCall, value: string): string {
  return call.add("reshape", [value], { shape: call.shapeOf(value) });
}

function reversed(op: "less" | "less_or_equal"): NodeImporter {
  return { add: (call) => call.add(op, [call.value(1), call.value(0)], {}) };
}

function reciprocal(call: NodeCall, x: string): string {
  return call.add("div", [call.scalar(1, x), x], {});
}

function power(call: NodeCall): string {
  const base = call.value(0);
  const exponent = call.value(1);
  if (call.typeOf(base).dtype !== "f32") throw refuse(call.node, "raises integers to a power");
  const isFloat = call.typeOf(exponent).dtype === "f32";
  return call.add("pow", [base, isFloat ? exponent : call.add("cast", [exponent], { to: "f32" })], {});
}

/** Up to operator set 6, a vector of slopes has one for each channel, which is axis 1. */
function prelu(call: NodeCall): string {
  const [x, slope] = [call.value(0), call.value(1)];
  const [channels, ...more] = call.shapeOf(slope);
  const rank = call.shapeOf(x).length;
  if (call.opset >= 7 || more.length > 0 || channels === 1) return call.add("prelu", [x, slope], {});
  const shape = [channels ?? 1, ...Array(Math.max(0, rank - 2)).fill(1)];
  return call.add("prelu", [x, call.add("reshape", [slope], { shape })], {});
}

function clip(call: NodeCall): string {
  const x = call.value(0);
  const asInputs = call.opset >= 11;
  const bound = (index: number, name: string, absent: number): number =>
    asInputs ? (call.known(index).data[0] ?? absent) : floatAttribute(call.node, name, absent);
  const isFixed = !asInputs || [1, 2].every((index) => !call.has(index) || call.isKnown(index));
  if (isFixed) {
    const least = asInputs && !call.has(1) ? -Infinity : bound(1, "min", -Infinity);
    const most = asInputs && !call.has(2) ? Infinity : bound(2, "max", Infinity);
    return call.add("clip", [x], { least, most });
  }
  const raised = call.has(1) ? call.add("max", [x, call.value(1)], {}) : x;
  return call.has(2) ? call.add("min", [raised, call.value(2)], {}) : raised;
}

function selu({ node, add, value }: NodeCall): string {
  const alpha = floatAttribute(node, "alpha", 1.6732631921768188);
  return add("elu", [value(0)], { alpha, gamma: floatAttribute(node, "gamma", 1.0507010221481323) });
}

function shrink(call: NodeCall, x: string): string {
  const lambda = floatAttribute(call.node, "lambd", 0.5);
  const bias = floatAttribute(call.node, "bias", 0);
  if (call.typeOf(x).dtype !== "f32") throw refuse(call.node, "shrinks integers");
  const moved = (by: number): string => call.add("add", [x, call.scalar(by, x)], {});
  const below = call.add("less", [x, call.scalar(-lambda, x)], {});
  const above = call.add("less", [call.scalar(lambda, x), x], {});
  const upper = call.add("where", [above, moved(-bias), call.scalar(0, x)], {});
  return call.add("where", [below, moved(bias), upper], {});
}

function thresholdedRelu(call: NodeCall, x: string): string {
  const above = call.add("less", [call.scalar(floatAttribute(call.node, "alpha", 1), x), x], {});
  return call.add("where", [above, x, call.scalar(0, x)], {});
}

/** Whether f32 holds all integers of a value exactly. */
function isExactInFloats(call: NodeCall, x: string): boolean {
  const { least, most } = call.rangeOf(x);
  return call.typeOf(x).dtype !== "i32" || Math.max(-least, most) <= 2 ** 24;
}

function cast(call: NodeCall): string {
  const x = call.value(0);
  const to = intAttribute(call.node, "to");
  const type = elementType(to);
  const isExact = type?.name === "f32" || (type?.name === "f64" && isExactInFloats(call, x));
  if (!type || (type.dtype === "f32" && !isExact)) {
    throw refuse(call.node, `converts ${call.typeOf(x).dtype} to ${dataTypeName(to)}`);
  }
  return call.add("cast", [x], { to: type.dtype });
}

/** ONNX Mod-13. Exact remainders of floats need more steps than one instruction. */
function modulo(call: NodeCall): string {
  const [a, b] = [call.value(0), call.value(1)];
  if (call.typeOf(a).dtype === "f32") throw refuse(call.node, "computes the remainder of floats");
  return call.add(intAttribute(call.node, "fmod", 0) === 1 ? "rem" : "mod", [a, b], {});
}

/** Where a float is not a number, or infinite. */
function isNotANumber(call: NodeCall, x: string): string {
  return call.add("not", [call.add("equal", [x, x], {})], {});
}

function isInfinite(call: NodeCall, x: string): string {
  const isAt = (name: string, end: number): string[] =>
    intAttribute(call.node, name, 1) === 1 ? [call.add("equal", [x, call.scalar(end, x)], {})] : [];
  const ends = [...isAt("detect_negative", -Infinity), ...isAt("detect_positive", Infinity)];
  const [first, second] = ends;
  if (first === undefined) throw refuse(call.node, "looks for neither infinity");
  return second === undefined ? first : call.add("or", [first, second], {});
}

/** Elementwise nodes by operator. */
export const elementwiseNodes: Readonly<Record<string, NodeImporter>> = {
  Add: same("add", 2),
  Sub: same("sub", 2),
  Mul: same("mul", 2),
  Div: same("div", 2),
  Mod: { add: modulo },
  Pow: { add: power },
  Sum: folded("add"),
  Mean: folded("add", (call, sum) => call.add("mul", [sum, call.scalar(1 / call.inputCount, sum)], {})),
  Max: folded("max"),
  Min: folded("min"),
  PRelu: { add: prelu },
  Equal: same("equal", 2),
  Less: same("less", 2),
  LessOrEqual: same("less_or_equal", 2),
  Greater: reversed("less"),
  GreaterOrEqual: reversed("less_or_equal"),
  And: same("and", 2),
  Or: same("or", 2),
  Xor: same("xor", 2),
  Not: same("not", 1),
  Where: { ...same("where", 3), isLong: (call) => call.isLong(1) },
  Relu: same("relu", 1),
  Sigmoid: same("sigmoid", 1),
  Tanh: same("tanh", 1),
  Exp: same("exp", 1),
  Log: same("log", 1),
  Sqrt: same("sqrt", 1),
  Erf: same("erf", 1),
  Abs: same("abs", 1),
  Neg: same("neg", 1),
  Sign: same("sign", 1),
  Floor: same("floor", 1),
  Ceil: same("ceil", 1),
  Round: same("round", 1),
  Softplus: same("softplus", 1),
  Reciprocal: composed(reciprocal),
  Clip: { add: clip },
  Cast: { isLong: ({ node }) => elementType(intAttribute(node, "to")) === I64, add: cast },
  CastLike: {
    isLong: (call) => call.isLong(1),
    add: (call) => call.add("cast", [call.value(0)], { to: call.typeOf(call.value(1)).dtype }),
  },
  IsNaN: composed(isNotANumber),
  IsInf: composed(isInfinite),
  LeakyRelu: composed((call, x) =>
    call.add("leaky_relu", [x], { slope: floatAttribute(call.node, "alpha", 0.01) }),
  ),
  HardSigmoid: composed((call, x) =>
    call.add("hard_sigmoid", [x], {
      alpha: floatAttribute(call.node, "alpha", 0.2),
      beta: floatAttribute(call.node, "beta", 0.5),
    }),
  ),
  HardSwish: composed((call, x) => call.add("hard_swish", [x], { slope: 1 / 6 })),
  Elu: composed((call, x) =>
    call.add("elu", [x], { alpha: floatAttribute(call.node, "alpha", 1), gamma: 1 }),
  ),
  Celu: composed((call, x) => {
    const alpha = floatAttribute(call.node, "alpha", 1);
    const scaled = call.add("div", [x, call.scalar(alpha, x)], {});
    const below = call.add("min", [call.add("elu", [scaled], { alpha, gamma: 1 }), call.scalar(0, x)], {});
    return call.add("add", [call.add("relu", [x], {}), below], {});
  }),
  Selu: { add: selu },
  Softsign: composed((call, x) =>
    call.add("div", [x, call.add("add", [call.add("abs", [x], {}), call.scalar(1, x)], {})], {}),
  ),
  Mish: composed((call, x) =>
    call.add("mul", [x, call.add("tanh", [call.add("softplus", [x], {})], {})], {}),
  ),
  ThresholdedRelu: composed(thresholdedRelu),
  Shrink: composed(shrink),
};
