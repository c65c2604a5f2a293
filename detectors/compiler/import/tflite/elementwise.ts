/** Elementwise operators, of quantized integers and of floats. */
import type { Operator, OperatorAttributes } from "../../ops/index.ts";
import {
  activated,
  type FusedActivation,
  fusedActivation,
  isQuantized,
  type TfliteCall,
  type TfliteImporter,
} from "./call.ts";
import { lookupOperators } from "./lookups.ts";

/** Operators without attributes. */
type Plain = { [K in Operator]: Record<never, never> extends OperatorAttributes[K] ? K : never }[Operator];

/** Values as feature maps, where all of those with four axes are known as such; else as they are. */
function alike(call: TfliteCall, values: readonly string[]): { values: readonly string[]; areMaps: boolean } {
  const shapes = new Set(values.map((value) => call.shapeOf(value).join()));
  const maps = values.map((value) => call.mapOf(value)).filter((map) => map !== undefined);
  const areMaps = shapes.size === 1 && maps.length === values.length;
  return { values: areMaps ? maps : values, areMaps };
}

/** A function of floats or integers that are not quantized; `compute` appends it. */
function onNumbers(call: TfliteCall, compute: (values: readonly string[]) => string): string {
  const inputs = call.operator.inputs.map((_, index) =>
    call.dtype(index) === "f32" ? call.real(index) : call.value(index),
  );
  const { values, areMaps } = alike(call, inputs);
  const y = compute(values);
  return areMaps ? call.batched(y) : y;
}

function plain(op: Plain): TfliteImporter {
  return (call) => {
    refuseQuantized(call);
    return onNumbers(call, (values) => call.add(op, values, {}));
  };
}

function refuseQuantized(call: TfliteCall): void {
  if (isQuantized(call)) throw call.refuse("computes with quantized integers");
}

/** A function with an activation behind it. */
function activatedPlain(call: TfliteCall, op: Plain, activation: FusedActivation): string {
  return onNumbers(call, (values) => activated(call, call.add(op, values, {}), activation));
}

function sum(sign: 1 | -1): TfliteImporter {
  return (call) => {
    const activation = fusedActivation(call, 0);
    if (!isQuantized(call)) return activatedPlain(call, sign === 1 ? "add" : "sub", activation);
    const [a, b] = [call.quantized(call.input(0)), call.quantized(call.input(1))];
    const attributes = { a, b, sign, output: call.result(activation) };
    return call.add("fixed_sum", [call.value(0), call.value(1)], attributes);
  };
}

const product: TfliteImporter = (call) => {
  const activation = fusedActivation(call, 0);
  if (!isQuantized(call)) return activatedPlain(call, "mul", activation);
  const [a, b] = [call.quantized(call.input(0)), call.quantized(call.input(1))];
  return call.add("fixed_product", [call.value(0), call.value(1)], { a, b, output: call.result(activation) });
};

const quotient: TfliteImporter = (call) => {
  refuseQuantized(call);
  return activatedPlain(call, "div", fusedActivation(call, 0));
};

/** A function of one element: a table for quantized bytes, else an operator of the graph. */
function unary(name: string, compute: (call: TfliteCall, x: string) => string): TfliteImporter {
  return (call) => {
    const table = lookupOperators[name];
    if (isQuantized(call)) {
      if (table === undefined) throw call.refuse("computes with quantized integers");
      return table(call);
    }
    return onNumbers(call, ([x = ""]) => compute(call, x));
  };
}

const quantize: TfliteImporter = (call) => {
  if (call.dtype(0) !== "f32") return lookupOperators.QUANTIZE?.(call) ?? [];
  return call.add("quantize", [call.real(0)], { output: call.result() });
};

const dequantize: TfliteImporter = (call) => {
  // Weights in binary16 became floats as they were read.
  if (call.isKnown(0) || call.dtype(0) === "f32") return call.real(0);
  return call.add("dequantize", [call.value(0)], { input: call.quantized(call.input(0)) });
};

const cast: TfliteImporter = (call) => {
  const { type } = call.output();
  const to = ({ FLOAT32: "f32", INT32: "i32", INT8: "i8", UINT8: "u8", INT16: "i16", BOOL: "bool" } as const)[
    type as "FLOAT32"
  ];
  if (to === undefined) throw call.refuse(`converts to ${type}`);
  return onNumbers(call, ([x = ""]) => call.add("cast", [x], { to }));
};

/** Elementwise operators by name. */
export const elementwiseOperators: Readonly<Record<string, TfliteImporter>> = {
  ADD: sum(1),
  SUB: sum(-1),
  MUL: product,
  DIV: quotient,
  POW: plain("pow"),
  SQUARED_DIFFERENCE: (call) => {
    refuseQuantized(call);
    return onNumbers(call, (values) => {
      const difference = call.add("sub", values, {});
      return call.add("mul", [difference, difference], {});
    });
  },
  LOGISTIC: unary("LOGISTIC", (call, x) => call.add("sigmoid", [x], {})),
  TANH: unary("TANH", (call, x) => call.add("tanh", [x], {})),
  RELU: unary("RELU", (call, x) => call.add("relu", [x], {})),
  RELU6: unary("RELU6", (call, x) => call.add("relu6", [x], {})),
  RELU_N1_TO_1: unary("RELU_N1_TO_1", (call, x) => call.add("clip", [x], { least: -1, most: 1 })),
  RELU_0_TO_1: unary("RELU_0_TO_1", (call, x) => call.add("clip", [x], { least: 0, most: 1 })),
  LEAKY_RELU: unary("LEAKY_RELU", (call, x) =>
    call.add("leaky_relu", [x], { slope: call.options.float32(0) }),
  ),
  ELU: unary("ELU", (call, x) => call.add("elu", [x], { alpha: 1, gamma: 1 })),
  HARD_SWISH: unary("HARD_SWISH", (call, x) => call.add("hard_swish", [x], { slope: 1 / 6 })),
  EXP: unary("EXP", (call, x) => call.add("exp", [x], {})),
  SQUARE: unary("SQUARE", (call, x) => call.add("mul", [x, x], {})),
  RSQRT: unary("RSQRT", (call, x) =>
    call.add("div", [call.constant([], [1]), call.add("sqrt", [x], {})], {}),
  ),
  LOG: plain("log"),
  SQRT: plain("sqrt"),
  ABS: plain("abs"),
  NEG: plain("neg"),
  SIGN: plain("sign"),
  FLOOR: plain("floor"),
  CEIL: plain("ceil"),
  ROUND: plain("round"),
  MINIMUM: plain("min"),
  MAXIMUM: plain("max"),
  PRELU: plain("prelu"),
  EQUAL: plain("equal"),
  LESS: plain("less"),
  LESS_EQUAL: plain("less_or_equal"),
  LOGICAL_AND: plain("and"),
  LOGICAL_OR: plain("or"),
  LOGICAL_NOT: plain("not"),
  QUANTIZE: quantize,
  DEQUANTIZE: dequantize,
  CAST: cast,
};
