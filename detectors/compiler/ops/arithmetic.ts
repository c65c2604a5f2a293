/** Arithmetic on elements. Integers wrap around in their own type; their division rounds towards zero. */
import { binary, comparison, NUMERIC, unary, unaryWith } from "./elementwise.ts";
import {
  ANY,
  difference,
  floorRemainder,
  type Interval,
  larger,
  magnitude,
  negative,
  product,
  quotient,
  ratio,
  rising,
  smaller,
  sum,
  TRUTH_VALUES,
  truncatedRemainder,
} from "./interval.ts";

/** Functions between −1 and 1, with the rounding of their kernels. */
const NEAR_ONE: Interval = { least: -1.001, most: 1.001 };

const add = binary((a, b) => a + b, sum);
const sub = binary((a, b) => a - b, difference);
const mul = binary((a, b) => a * b, product, NUMERIC, Math.imul);
/** An integer divided by zero is 0. */
const div = binary(
  (a, b) => a / b,
  (ranges, _, [a]) => (a?.dtype === "f32" ? ratio(ranges) : quotient(ranges)),
  NUMERIC,
  (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
);
const pow = binary(
  (a, b) => a ** b,
  () => ANY,
  ["f32"],
);
const min = binary(Math.min, smaller);
const max = binary(Math.max, larger);

const INTEGERS = NUMERIC.filter((dtype) => dtype !== "f32");

/** ONNX Mod-13 of integers: the remainder has the sign of the divisor. That of a division by zero is 0. */
const mod = binary((a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)), floorRemainder, INTEGERS);

/** ONNX Mod-13 of integers with fmod=1: the remainder has the sign of the dividend. That of a division by zero is 0. */
const rem = binary((a, b) => (b === 0 ? 0 : a % b), truncatedRemainder, INTEGERS);

/** ONNX PRelu-16: y = x for x ≥ 0, else slope · x. Inputs: x, slope. */
const prelu = binary(
  (x, slope) => (x < 0 ? slope * x : x),
  () => ANY,
  ["f32"],
);

const abs = unary(Math.abs, NUMERIC, magnitude);
const neg = unary((x) => -x, NUMERIC, negative);
const sign = unary(Math.sign, NUMERIC, rising(Math.sign));
const sqrt = unary(
  Math.sqrt,
  ["f32"],
  rising((x) => Math.sqrt(Math.max(0, x))),
);
const exp = unary(Math.exp);
const log = unary(Math.log);
const tanh = unary(Math.tanh, ["f32"], () => NEAR_ONE);
const floor = unary(Math.floor, ["f32"], rising(Math.floor));
const ceil = unary(Math.ceil, ["f32"], rising(Math.ceil));

/** Rounds to the nearest integer, halves to the even one. */
const round = unary(roundToEven, ["f32"], rising(roundToEven));

function roundToEven(x: number): number {
  const nearest = Math.round(x);
  return nearest - x === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** The error function, 2/√π ∫ e^−t² from 0 to x, whose series here has only positive terms. */
const erf = unary(errorFunction, ["f32"], () => NEAR_ONE);

function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  let term = size;
  let total = size;
  for (let n = 1; n < 200; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    total += term;
  }
  return (Math.sign(x) * 2 * total * Math.exp(-size * size)) / Math.sqrt(Math.PI);
}

/** ONNX Clip-13 with bounds that are known: y = min(max(x, least), most). */
const clip = unaryWith<{ readonly least: number; readonly most: number }>(
  (x, { least, most }) => Math.min(Math.max(x, least), most),
  NUMERIC,
  ([x = ANY], { least, most }) => smaller([larger([x, { least, most: least }]), { least: most, most }]),
);

const equal = comparison((a, b) => a === b, [...NUMERIC, "bool"]);
const less = comparison((a, b) => a < b);
const lessOrEqual = comparison((a, b) => a <= b);

const BOOL = ["bool"] as const;
const and = comparison((a, b) => a !== 0 && b !== 0, BOOL);
const or = comparison((a, b) => a !== 0 || b !== 0, BOOL);
const xor = comparison((a, b) => a !== b, BOOL);
const not = unary(
  (x) => (x === 0 ? 1 : 0),
  BOOL,
  () => TRUTH_VALUES,
);

/** All arithmetic by name. */
export const arithmetic = {
  add,
  sub,
  mul,
  div,
  pow,
  mod,
  rem,
  min,
  max,
  prelu,
  abs,
  neg,
  sign,
  sqrt,
  exp,
  log,
  tanh,
  floor,
  ceil,
  round,
  erf,
  clip,
  equal,
  less,
  less_or_equal: lessOrEqual,
  and,
  or,
  xor,
  not,
};
