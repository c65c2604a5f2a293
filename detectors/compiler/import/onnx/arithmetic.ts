import { logistic } from "../../ops/activation.ts";
import { damagedOnnx } from "../errors.ts";
import { showNode } from "../file-node.ts";
import { elementsOf, type NdArray, stridedIndices, stridesOf, zeros } from "../nd-array.ts";
import { type Call, type Operation, operand } from "./call.ts";

/** Elementwise operators, with ONNX's multidirectional broadcasting. */
export const arithmetic: Readonly<Record<string, Operation>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  // Integer division rounds towards zero.
  Div: binary(
    (a, b) => a / b,
    (a, b) => Math.trunc(a / b),
  ),
  Pow: binary((a, b) => a ** b),
  Max: variadic(Math.max),
  Min: variadic(Math.min),
  Equal: (call) => [combine(call, operand(call, 0), operand(call, 1), (a, b) => (a === b ? 1 : 0), "bool")],
  Where: (call) => [where(call)],
  Sigmoid: unary(logistic),
  Exp: unary(Math.exp),
  Sqrt: unary(Math.sqrt),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
};

function unary(compute: (x: number) => number): Operation {
  return (call) => {
    const x = operand(call, 0);
    const y = zeros(x.type, x.shape);
    for (let i = 0; i < y.data.length; i++) y.data[i] = compute(x.data[i] ?? 0);
    return [y];
  };
}

type Combine = (a: number, b: number) => number;

function binary(ofFloats: Combine, ofIntegers: Combine = ofFloats): Operation {
  return (call) => {
    const a = operand(call, 0);
    const b = operand(call, 1);
    return [combine(call, a, b, a.type === "float" ? ofFloats : ofIntegers, a.type)];
  };
}

function variadic(compute: Combine): Operation {
  return (call) => [
    call.inputs
      .slice(1)
      .map((_, index) => operand(call, index + 1))
      .reduce((a, b) => combine(call, a, b, (x, y) => compute(x, y), a.type), operand(call, 0)),
  ];
}

function combine(call: Call, a: NdArray, b: NdArray, compute: Combine, type: NdArray["type"]): NdArray {
  const shape = broadcastShape(call, [a.shape, b.shape]);
  const y = zeros(type, shape);
  const fromA = operandIndices(a.shape, shape);
  const fromB = operandIndices(b.shape, shape);
  for (let i = 0; i < y.data.length; i++) {
    y.data[i] = compute(a.data[fromA ? (fromA[i] ?? 0) : i] ?? 0, b.data[fromB ? (fromB[i] ?? 0) : i] ?? 0);
  }
  return y;
}

function where(call: Call): NdArray {
  const [condition, yes, no] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  const shape = broadcastShape(call, [condition.shape, yes.shape, no.shape]);
  const y = zeros(yes.type, shape);
  const [fromCondition, fromYes, fromNo] = [condition, yes, no].map((array) =>
    stridedIndices(shape, broadcastStrides(array.shape, shape)),
  );
  for (let i = 0; i < y.data.length; i++) {
    const chosen = condition.data[fromCondition?.[i] ?? 0]
      ? yes.data[fromYes?.[i] ?? 0]
      : no.data[fromNo?.[i] ?? 0];
    y.data[i] = chosen ?? 0;
  }
  return y;
}

/** For each element of the result, the index of its operand in the value; undefined when the indices are equal. */
function operandIndices(shape: readonly number[], result: readonly number[]): Int32Array | undefined {
  if (elementsOf(shape) === elementsOf(result)) return undefined;
  return stridedIndices(result, broadcastStrides(shape, result));
}

/** Strides that repeat a value of `shape` over `result`: zero along axes of size 1 and along missing axes. */
export function broadcastStrides(shape: readonly number[], result: readonly number[]): number[] {
  const missing = result.length - shape.length;
  const strides = stridesOf(shape);
  return result.map((_, axis) => ((shape[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] ?? 0)));
}

/**
 * The shape that these shapes broadcast to (ONNX, "multidirectional broadcasting").
 * @throws ModelError when they cannot be broadcast together.
 */
export function broadcastShape({ node }: Call, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = new Set(
      shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((n) => n !== 1),
    );
    if (sizes.size > 1) {
      const listed = shapes.map((shape) => `[${shape.join(", ")}]`).join(" and ");
      throw damagedOnnx(`${showNode(node)} cannot combine ${listed}`);
    }
    return [...sizes][0] ?? 1;
  });
}
